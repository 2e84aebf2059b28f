"""The README's table of programs, on a marketplace that has neither an indexer nor a reactor but those of the table."""

import re
from pathlib import Path

import pytest

from models.values import checksum_address
from runtime.embedded_postgres import EmbeddedPostgres
from runtime.ports import free_port
from tests.effects.marketplace import Marketplace
from tests.rehearsals.page import Page

pytestmark = [pytest.mark.long, pytest.mark.timeout(400)]

PAGE = "README.md"
OURS = 9
BY_A_NEWCOMER = ["lamda scores", "make run"]
"""What stands in the table and is played in `test_newcomer.py`."""


async def test_each_program_does_what_the_table_says(
    marketplace: Marketplace, own_postgres: EmbeddedPostgres, tmp_path: Path
) -> None:
    """On a marketplace whose own indexer and reactor are none: those of the table do their work."""
    parts = ("The programs one by one", "Running it for others")
    page = Page(PAGE, {**marketplace.settings(), "API_PORT": str(free_port())}, tmp_path, parts=parts)
    page.set(DATABASE_URL=await own_postgres.create_database("another"))
    assert "was at none" in await page.run("lamda migrate")
    await page.run("lamda index --to-block 20")
    assert re.search(r"^bsc +\d+ +\d+ +20 ", await page.run("lamda status"), re.MULTILINE)
    page.set(DATABASE_URL=marketplace.database_url)
    assert marketplace.indexer is not None
    await marketplace.indexer.end()
    async with (
        page.running("lamda index", "follower.start"),
        page.running("lamda serve", "api.started"),
        page.running("lamda react", "door.open"),
    ):
        marketplace.jobs_a_second = 1
        await marketplace.goes_on(3)
        await _the_operators_commands(page, marketplace)
        await _an_agent_of_ones_own(page, marketplace)

    assert "Usage: lamda verify" in await page.run("lamda COMMAND --help", {"COMMAND": "verify"})
    await page.watch("lamda devnet", "OPBNB_START_BLOCK=")
    page.set(DATABASE_URL=await own_postgres.create_database("of_a_world"))
    await page.watch("lamda up", "Stop ")
    assert page.left == BY_A_NEWCOMER


async def _the_operators_commands(page: Page, marketplace: Marketplace) -> None:
    job = {"JOB": "0x" + next(iter(marketplace.jobs)).hex()}
    await page.watch("lamda status --watch", "indexed")
    assert "nothing is wrong" in await page.run("lamda doctor")
    assert (await page.run("lamda verify")).count("nothing differed") == 2
    assert "nothing differed" in await page.run("lamda reindex --chain bsc --from-block N", {"N": "5"})
    assert "equal" in await page.run("lamda audit")
    assert "bsc is not paused" in await page.run("lamda resume --chain bsc")
    assert "confirmed" in await page.run("lamda explain JOB", job)
    assert "the result, it is not run again" in await page.run("lamda retry JOB", job, code=1)
    assert "SIGNS" in await page.run("lamda credits")
    assert "valid credentials until" in await page.run("lamda agents")


async def _an_agent_of_ones_own(page: Page, marketplace: Marketplace) -> None:
    await marketplace.market.credential(OURS, "a token")
    address = checksum_address(marketplace.market.provider(OURS))
    page.set(AGENT_ADDRESS=address, AGENT_TOKEN="a token", NATS_URL=f"nats://{marketplace.nats.address}")
    given = {"FOLDER": "state", "COMMAND…": "echo gnfd://out"}
    async with page.running("lamda agent --state FOLDER -- COMMAND…", "agent.", given) as agent:
        await marketplace.open_jobs(provider=OURS)
        await agent.says("agent.told")
