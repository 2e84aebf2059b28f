"""The commands of the simulation's page, each with fewer worlds than it says."""

import pytest

from tests.architecture.source import ROOT
from tests.rehearsals.page import Page

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]

PAGE = "docs/simulation.md"
THE_TESTS = ["make test", "make test-long"]


async def test_each_kind_of_world_comes_to_its_end() -> None:
    """One with its log, and some of each kind with their count."""
    page = Page(PAGE, {}, ROOT)

    assert "Report(seed=7" in await page.run("python -m tests.simulation --seed 7")
    for said in (
        await page.run("python -m tests.simulation --seeds 0..999", {"999": "1"}),
        await page.run("python -m tests.simulation --seeds 0..99 --beyond-finality", {"99": "1"}),
        await page.run("python -m tests.simulation --seeds 0..99 --effects", {"99": "1"}),
    ):
        assert "2 run, 0 failed" in said, said
    assert page.left == THE_TESTS
