"""What `compose.yaml` gives a container, for a program that runs without one: nobody here has a Docker engine."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.architecture.source import ROOT
from tests.image.dockerfile import stages

SERVICES: Mapping[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]
IMAGE = stages((ROOT / "Dockerfile").read_text(encoding="utf-8"))[-1].variables()
VARIABLE = re.compile(r"\$\{(\w+)(?::([?-])([^}]*))?\}")


def variables(env_file: Path) -> dict[str, str]:
    """Return what a filled-in `.env` says."""
    lines = env_file.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def given_to(service: str, env_file: Path, elsewhere: Mapping[str, str]) -> dict[str, str]:
    """Return the settings in the container of a service; what is `elsewhere` here is put in its place."""
    said = variables(env_file)
    given = {name: _filled_in(str(value), said) for name, value in SERVICES[service]["environment"].items()}
    settings = {**IMAGE, **said, **given}
    del settings["PATH"]
    return {name: _moved(value, elsewhere) for name, value in settings.items()}


def _filled_in(value: str, said: Mapping[str, str]) -> str:
    def one(match: re.Match[str]) -> str:
        name, rule, text = match.groups()
        assert said.get(name) or rule == "-", f"{name}: {text}"
        return said.get(name) or text

    return VARIABLE.sub(one, value)


def _moved(value: str, elsewhere: Mapping[str, str]) -> str:
    for place, here in elsewhere.items():
        value = value.replace(place, here)
    return value
