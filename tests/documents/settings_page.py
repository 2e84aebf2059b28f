"""The reference of settings, from their groups in the code and the sentence of each in `.env.example`."""

import re
from importlib import import_module

from pydantic import AliasChoices
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings

from tests.architecture.source import ROOT
from tests.documents.markdown import page, table

ABOUT = (
    "Settings are read from the environment or from `.env` in the working directory, where the environment wins. Every "
    "program asks for the groups it needs, and names everything in them that is missing or wrong at once. The same "
    "names, to fill in: [.env.example](../../.env.example)."
)


def groups() -> list[type[BaseSettings]]:
    """Return the groups of settings in the order of the code; those that a module only imports are another's."""
    modules = [import_module(f"runtime.{path.stem}") for path in sorted((ROOT / "runtime").glob("*settings.py"))]
    return [
        each
        for module in sorted(modules, key=lambda module: module.__name__ != "runtime.settings")
        for each in vars(module).values()
        if isinstance(each, type)
        and issubclass(each, BaseSettings)
        and each.__module__ == module.__name__
        and each.model_fields
    ]


def names() -> set[str]:
    """Return the names of all settings that some program reads."""
    return {name.upper() for group in groups() for name in group.model_fields}


def sentences() -> dict[str, str]:
    """Return what `.env.example` says of each setting."""
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    return {name: said for said, name in re.findall(r"^# (.+)\n(?:# )?([A-Z_]+)=", text, re.MULTILINE)}


def written() -> str:
    """Return the page."""
    said = sentences()
    parts = []
    for group in groups():
        rows = [(_shown(name, group), said.get(name.upper(), ""), _default(name, group)) for name in group.model_fields]
        about = " ".join((group.__doc__ or "").split())
        parts.append(f"## {group.__name__}\n\n{about}\n\n{table(('setting', 'what', 'default'), rows)}")
    return page("Settings", ABOUT, parts)


def _shown(name: str, group: type[BaseSettings]) -> str:
    alias = group.model_fields[name].validation_alias
    others = [str(each) for each in alias.choices] if isinstance(alias, AliasChoices) else []
    return ", ".join(f"`{each}`" for each in dict.fromkeys([*others, name.upper()]))


def _default(name: str, group: type[BaseSettings]) -> str:
    default = group.model_fields[name].default
    if default is PydanticUndefined:
        return "none: must be set"
    if default in (None, (), frozenset()):
        return "unset"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"
