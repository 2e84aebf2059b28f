"""The page of an upgrade, with a version made up that comes after ours: it is ours, and has two migrations more."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

import migrations
from tests.effects import proof
from tests.effects.marketplace import Marketplace
from tests.integration.models.test_parts import AFTER, BEFORE, version_after_ours
from tests.rehearsals.page import Page, environment
from tests.rehearsals.typed import Typed

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]

PAGE = "docs/operations/upgrade.md"
BY_DOCKER = ["docker compose build", "docker compose up --detach"]
TAKES_WHAT_NOBODY_NEEDS = "drop table notes"


async def test_a_new_version_takes_over_and_the_old_one_can_come_back_until_the_last_step(
    marketplace: Marketplace, tmp_path: Path
) -> None:
    """Jobs are run and credited all the time, whichever version is at work."""
    ours = marketplace.settings()
    theirs = {**ours, "PYTHONPATH": str(version_after_ours(tmp_path / "next", takes=TAKES_WHAT_NOBODY_NEEDS).parent)}
    page = Page(PAGE, theirs, tmp_path)
    await marketplace.signing_reactor()
    marketplace.jobs_a_second = 1
    said = await page.run("lamda migrate")
    assert f"schema is at {BEFORE}, was at {migrations.newest()}" in said
    assert "its part after the deploy is left: `lamda migrate --after`" in said
    await marketplace.goes_on(2)
    await _restart(marketplace)
    await marketplace.goes_on(2)
    async with _deployed(marketplace, theirs, tmp_path):
        said = await page.run("lamda doctor")
        assert "nothing is wrong" in said
        assert "`lamda migrate --after`" in said
    await _restart(marketplace)
    await marketplace.goes_on(2)
    async with _deployed(marketplace, theirs, tmp_path):
        assert f"schema is at {AFTER}, was at {BEFORE}" in await page.run("lamda migrate --after")
        assert "nothing is wrong; " in await page.run("lamda doctor")
        await _ours_is_refused(ours, tmp_path)
        await proof.comes_to_rest(marketplace)

    assert page.left == BY_DOCKER


async def _restart(marketplace: Marketplace) -> None:
    """Start the programs of our version, in the place of those that may run."""
    await _end(marketplace)
    await marketplace.start_indexer()
    await marketplace.reactor()


async def _end(marketplace: Marketplace) -> None:
    for program in [marketplace.indexer, *marketplace.reactors]:
        assert program is not None
        await program.end()
    marketplace.reactors.clear()


@asynccontextmanager
async def _deployed(marketplace: Marketplace, theirs: Mapping[str, str], folder: Path) -> AsyncIterator[None]:
    """Run the next version for as long as the block lasts; it stands by until the programs of ours are gone."""
    async with _program("index", theirs, folder) as indexer, _program("react", theirs, folder):
        await indexer.says("follower.standby")
        await _end(marketplace)
        await indexer.says("follower.start")
        await marketplace.goes_on(2)
        yield


async def _ours_is_refused(ours: Mapping[str, str], folder: Path) -> None:
    async with _program("index", ours, folder) as typed:
        said = await typed.ends(1)
    assert f"which took away what this program, made for {migrations.newest()}, needs" in said


@asynccontextmanager
async def _program(word: str, settings: Mapping[str, str], folder: Path) -> AsyncIterator[Typed]:
    typed = await Typed.start(f"lamda {word}", environment(settings, folder), folder)
    try:
        yield typed
    finally:
        await typed.kill()
