"""The reference of the command line, from the command line itself."""

from collections.abc import Iterator
from typing import Any

import typer

from lamda.cli import app
from tests.documents.markdown import page, table

ABOUT = (
    "Every command of `lamda`, as `lamda COMMAND --help` tells it. What a person must mend is printed as one message, "
    "and ends with exit code 1; what was typed wrong ends with 2, what was stopped from outside with 130."
)


def commands(command: Any = None, path: str = "lamda") -> Iterator[tuple[str, Any]]:
    """Yield each command with its whole name."""
    command = command or typer.main.get_command(app)
    below = getattr(command, "commands", {})
    if not below or getattr(command, "invoke_without_command", False):
        yield path, command
    for name in sorted(below):
        yield from commands(below[name], f"{path} {name}")


def written() -> str:
    """Return the page."""
    return page("Commands", ABOUT, (_section(name, command) for name, command in commands()))


def _section(name: str, command: Any) -> str:
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    options = [each for each in command.params if each.param_type_name == "option" and each.name != "help"]
    usage = " ".join([name, *(_argument(each) for each in arguments)])
    parts = [f"## `{usage}`", _help(command)]
    rows = [(_argument(each), each.help or "", "") for each in arguments]
    rows += [(", ".join(f"`{opt}`" for opt in each.opts), each.help or "", _default(each)) for each in options]
    if rows:
        parts.append(table(("", "what", "default"), rows))
    return "\n\n".join(parts)


def _help(command: Any) -> str:
    return "\n\n".join(" ".join(part.split()) for part in (command.help or "").split("\n\n"))


def _argument(parameter: Any) -> str:
    name = str(parameter.metavar or parameter.name).upper().removesuffix("...")
    return f"{name}…" if parameter.nargs == -1 else name


def _default(parameter: Any) -> str:
    # What is a path here is one of our own; a default that is computed is not told.
    default = parameter.default
    return f"`{default}`" if isinstance(default, (int, float, str)) and not isinstance(default, bool) else ""
