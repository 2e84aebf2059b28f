"""The reference is what the code says, commands and documents that are spoken of exist, and locks hold hashes."""

import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.architecture.source import ROOT
from tests.documents.licences_page import UNTOLD, npm_packages
from tests.documents.pages import PAGES
from tests.documents.spoken import commands_in, wrong
from tests.test_documents import DOCUMENTS

SOURCES = [
    path
    for room in ("lamda", "migrations", "graphql_api", "dispatch", "indexer")
    for path in ROOT.glob(f"{room}/**/*.py")
]


@pytest.mark.parametrize(("path", "written"), PAGES.items(), ids=lambda each: getattr(each, "name", ""))
def test_the_reference_is_as_the_code_says(path: Path, written: Callable[[], str]) -> None:
    """Settings, commands, metrics, API and licences: `make reference` writes them."""
    assert written() == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_commands_that_documents_speak_of_exist(document: Path) -> None:
    """With their options."""
    assert list(wrong(commands_in(document.read_text(encoding="utf-8")))) == []


def test_commands_are_found_in_all_places() -> None:
    """In sentences, in blocks, behind a prompt, indented, and with a comment."""
    block = "```console\n$ lamda credits pause fees   # why\n```"
    text = f"run `lamda status --watch`:\n\n{block}\n\n    lamda index --to-block 20\n"

    assert commands_in(text) == ["lamda credits pause fees", "lamda index --to-block 20", "lamda status --watch"]
    assert list(wrong(["lamda fly", "lamda status --wings", "lamda agents barr X", "lamda COMMAND --help"])) == [
        "lamda fly: there is no command fly",
        "lamda status --wings: it has no --wings",
        "lamda agents barr X: there is no command barr",
    ]


def test_documents_that_messages_name_exist() -> None:
    """An operator is sent to a page that is there."""
    named = {(path, name) for path in SOURCES for name in re.findall(r"docs/[\w/-]+\.md", path.read_text("utf-8"))}

    assert sorted(f"{path.name}: {name}" for path, name in named if not (ROOT / name).is_file()) == []


def test_every_package_is_locked_by_a_hash() -> None:
    """Of PyPI by sha256 of each file, of npm by its integrity; nothing comes from anywhere else."""
    python = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))["package"]
    files = [(each["name"], file) for each in python for file in [*each.get("wheels", []), each.get("sdist")] if file]
    npm = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]

    assert [name for name, file in files if not re.fullmatch(r"sha256:[0-9a-f]{64}", file["hash"])] == []
    assert {each["source"].get("registry", "") for each in python if each["name"] != "lamda-network"} == {
        "https://pypi.org/simple"
    }
    assert [path for path, each in npm.items() if path and not each.get("integrity", "").startswith("sha512-")] == []
    assert {each["resolved"].split("/")[2] for each in npm.values() if "resolved" in each} <= {"registry.npmjs.org"}


def test_every_licence_is_told() -> None:
    """What we hand on to others we may hand on: nobody keeps silent, and none asks for our own source."""
    page = PAGES[ROOT / "docs" / "reference" / "licences.md"]()

    assert UNTOLD not in {told for _, told in npm_packages().values()}
    assert UNTOLD not in page
    assert not re.search(r"\| A?GPL", page)
