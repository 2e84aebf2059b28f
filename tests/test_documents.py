"""The documents against the system: settings are all told of, links lead somewhere, examples hold no secret."""

import re
from pathlib import Path

import pytest

from models import SQLModel
from tests.architecture.source import ROOT
from tests.documents import settings_page

DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")


def test_the_example_names_every_setting_and_no_other() -> None:
    """Whoever copies `.env.example` sees all there is to set."""
    named = set(re.findall(r"^(?:# )?([A-Z_]+)=", EXAMPLE, re.MULTILINE))

    assert named == settings_page.names()


def test_every_index_is_said_to_be_for_something() -> None:
    """`docs/indexes.md` names each index of the models, once, and none that is not there."""
    rows = re.findall(r"^\| (`.*?) \|", (ROOT / "docs/indexes.md").read_text(encoding="utf-8"), re.MULTILINE)
    told = [name for row in rows for name in re.findall(r"`(\w+)`", row)]

    assert sorted(str(index.name) for table in SQLModel.metadata.tables.values() for index in table.indexes) == sorted(
        told
    )


def test_the_example_explains_every_setting() -> None:
    """Each setting stands below one line that says what it is."""
    paragraphs = [each.splitlines() for each in EXAMPLE.strip().split("\n\n")[1:]]

    assert [each for each in paragraphs if len(each) != 2 or not each[0].startswith("# ")] == []


def test_the_example_holds_no_secret_and_no_endpoint_without_logs() -> None:
    """No key, not even an old one; none of the endpoints that have eth_getLogs switched off."""
    assert re.findall(r"[0-9a-fA-F]{40,}|\S*dataseed\S*", EXAMPLE) == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    """Every relative link names a file that is there."""
    targets = re.findall(r"\]\((?!https?://|#)([^)#]+)", document.read_text(encoding="utf-8"))

    assert [target for target in targets if not (document.parent / target).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_make_targets_exist(document: Path) -> None:
    """Every `make` that a document speaks of can be made."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"(?:`|^    )make ([a-z-]+)", document.read_text(encoding="utf-8"), re.MULTILINE)

    assert [target for target in targets if not re.search(rf"^{target}:", makefile, re.MULTILINE)] == []
