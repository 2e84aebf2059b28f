"""The dashboard's pure parts: its own tests, run by Node; and that it has advice for every reason of the API."""

import re
import subprocess

from tests.architecture.source import ROOT
from tests.clients.programs import node
from tests.unit.models.test_reason import REASONS

EXPLAINING = ROOT / "dashboard" / "src" / "format" / "explain.ts"
VITEST = ROOT / "node_modules" / "vitest" / "vitest.mjs"


def test_what_the_page_formats() -> None:
    """Amounts, times, names, steps and the feed."""
    command = [node(), str(VITEST), "run", "--root", str(ROOT / "dashboard")]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)

    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_page_has_advice_for_every_reason() -> None:
    """Each sentence of the API is known to the page, which says whose turn it is."""
    rules = re.findall(r"says: /(.+?)/,", EXPLAINING.read_text(encoding="utf-8"))
    sentences = {sentence for _, sentence in REASONS if sentence is not None}

    assert [each for each in sentences if not any(re.search(rule, each) for rule in rules)] == []
