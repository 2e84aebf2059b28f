"""
The Dockerfile, read, and its steps run in a folder where no Docker is.

Each stage becomes a folder that stands for `/`: COPY copies what `.dockerignore` lets through, RUN runs the very
command with the stage's variables. What only makes sense in a container (a user, a base image) is left out, and kept
in a list.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

from tests.architecture.source import ROOT

CONTAINER_ONLY = ("useradd",)
"""What a RUN begins with that changes the system and not the files of ours."""

NETWORK = re.compile(r"CERT|_CA_|PROXY|INDEX|REGISTRY|FIND_LINKS", re.IGNORECASE)
"""Which variables say how this machine reaches the registries; a builder has its own."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction of a Dockerfile, its lines joined."""

    word: str
    rest: str


@dataclass(slots=True)
class Stage:
    """One stage: its base, its name and what it does."""

    base: str
    name: str
    instructions: list[Instruction] = field(default_factory=list)

    def variables(self) -> dict[str, str]:
        """Return what its ENV instructions set."""
        pairs = [pair for each in self.instructions if each.word == "ENV" for pair in each.rest.split()]
        return dict(pair.split("=", 1) for pair in pairs)

    def last(self, word: str) -> str:
        """Return the last instruction of a kind."""
        return [each.rest for each in self.instructions if each.word == word][-1]


def stages(text: str) -> list[Stage]:
    """Return the stages of a Dockerfile."""
    found: list[Stage] = []
    for each in _instructions(text):
        if each.word == "FROM":
            base, _, name = each.rest.partition(" AS ")
            found.append(Stage(base=base, name=name))
        else:
            found[-1].instructions.append(each)
    return found


def words(exec_form: str) -> list[str]:
    """Return the words of a command in exec form."""
    command: list[str] = json.loads(exec_form)
    return command


def context(ignore: str, root: Path = ROOT) -> list[Path]:
    """Return the files below a folder that `.dockerignore` lets through to the builder, which knows no `.gitignore`."""
    rules = [line for line in ignore.splitlines() if line and not line.startswith("#")]
    tops = [top for top in sorted(root.iterdir()) if is_sent(top.name, rules)]
    names = [each.relative_to(root) for top in tops for each in (top, *sorted(top.rglob("*"))) if each.is_file()]
    return [name for name in names if is_sent(str(name), rules)]


def checkout(folder: Path) -> Path:
    """Copy what git has, or would take, to a folder, and return it."""
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    for name in filter(None, listed):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def is_sent(name: str, rules: list[str]) -> bool:
    """Say whether a file is sent to the builder; the last rule that fits it or a folder above it counts."""
    sent = True
    above = ["/".join(name.split("/")[:length]) for length in range(1, name.count("/") + 2)]
    for rule in rules:
        pattern = rule.removeprefix("!")
        if any(_fits(part, pattern) for part in above):
            sent = rule.startswith("!")
    return sent


class Builder:
    """Runs stages in folders below one folder, from the files of a checkout, with these programs on PATH."""

    def __init__(self, folder: Path, source: Path, path: str) -> None:
        self._folder = folder
        self._source = source
        self._path = path
        self.left_out: list[str] = []

    def root(self, name: str) -> Path:
        """Return the folder that stands for `/` of a stage."""
        return self._folder / (name or "image")

    def build(self, stage: Stage, files: list[Path]) -> None:
        """Run a stage."""
        root, where, variables = self.root(stage.name), "/", stage.variables()
        root.mkdir(parents=True)
        for each in stage.instructions:
            match each.word:
                case "WORKDIR":
                    where = each.rest
                    (root / where.lstrip("/")).mkdir(parents=True, exist_ok=True)
                case "COPY":
                    self._copy(each.rest, root, where, files)
                case "RUN" if each.rest.startswith(CONTAINER_ONLY):
                    self.left_out.append(each.rest)
                case "RUN":
                    self.run(each.rest, root / where.lstrip("/"), variables)

    def run(self, command: str, where: Path, variables: Mapping[str, str]) -> None:
        """Run a command as a stage does, and fail with what it said."""
        outside = {name: value for name, value in os.environ.items() if NETWORK.search(name)}
        environment = {**outside, "PATH": self._path, "HOME": os.environ["HOME"], **variables}
        done = subprocess.run(["sh", "-c", command], cwd=where, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"

    def _copy(self, rest: str, root: Path, where: str, files: list[Path]) -> None:
        *sources, target = rest.split()
        to = root / (target if target.startswith("/") else f"{where}/{target}").lstrip("/")
        if sources[0].startswith("--from="):
            source = self.root(sources[0].removeprefix("--from=")) / sources[1].lstrip("/")
            shutil.copytree(source, to, symlinks=True, dirs_exist_ok=True)
            return
        for name in files if sources == ["."] else map(Path, sources):
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(self._source / name, to / name)


def _instructions(text: str) -> Iterator[Instruction]:
    joined = re.sub(r"\\\n\s*", " ", "\n".join(line for line in text.splitlines() if not line.startswith("#")))
    for line in filter(None, map(str.strip, joined.splitlines())):
        word, _, rest = line.partition(" ")
        yield Instruction(word, rest.strip())


def _fits(name: str, pattern: str) -> bool:
    return fnmatch(name, pattern) or (pattern.startswith("**/") and fnmatch(name.rpartition("/")[2], pattern[3:]))
