"""The README, as a newcomer goes through it and as an operator does."""

import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from models.values import checksum_address
from runtime.embedded_postgres import EmbeddedPostgres
from runtime.ports import free_port
from tests.architecture.source import ROOT
from tests.effects.marketplace import Marketplace, until
from tests.integration.graphql_api.client import Client
from tests.rehearsals.checkout import MADE_SECONDS_MAX, registries
from tests.rehearsals.page import Page
from tests.rehearsals.typed import Typed

pytestmark = [pytest.mark.long, pytest.mark.timeout(700)]

PAGE = "README.md"
TEXT = (ROOT / PAGE).read_text(encoding="utf-8")
NOW, LIVE, THEN = re.findall(r"```graphql\n(.*?)```", TEXT, re.DOTALL)
LAST_LINE = "Stop "
OURS = 9
A_FINISHED_JOB = "{ jobs(filter: { status: COMPLETED }, first: 1) { nodes { jobId providerAddress } } }"


async def test_a_newcomer_has_a_world_asks_it_and_finds_it_again(checkout: Path) -> None:
    """From a clone in which nothing is made; with another port, after Ctrl-C, and after a kill."""
    page = Page(PAGE, {**registries(), "API_PORT": str(free_port())}, checkout, parts=("Try it", "What you can ask"))
    async with page.running("make run", LAST_LINE, within=MADE_SECONDS_MAX) as first:
        await _the_world_is_as_it_says(first)
        await _the_questions_are_answered(page, first)
    world = _between("new world ", first.said)
    assert f"the next run goes on with world {world}" in first.said

    killed = -signal.SIGKILL
    async with page.running("API_PORT=8081 make run", LAST_LINE, {"8081": str(free_port())}, code=killed) as second:
        assert f"going on with world {world}" in second.said
        assert "agree" in await page.run("lamda scores")
        await second.kill()
    said = await page.watch("make run ARGS=--forget", LAST_LINE)

    assert f"world {world} was not stopped in order" in said
    assert f"deleted lamda_{world}" in said
    assert page.left == ["make test"]


async def _the_world_is_as_it_says(run: Typed) -> None:
    """Compare what is printed with what the README says of it, but for figures."""
    block = TEXT.partition("Then it says\n")[2].partition("\n\nand there are")[0]
    for line in block.split("\n"):
        words = re.sub(r"[0-9a-f]{8}$|:\d+\S*$|\d{4}$|…", "", line.strip())
        assert words in run.said, run.said


async def _the_questions_are_answered(page: Page, run: Typed) -> None:
    async with _client(run) as api:
        async with api.watch(LIVE) as watching:
            assert (await watching.told())["jobChanges"]["job"]
        await until(lambda: _has_nodes(api, NOW), within=30, what="providers are online, and there are jobs")
        await until(lambda: _has_nodes(api, A_FINISHED_JOB), within=60, what="a finished job")
        job, provider = (await api.ask(A_FINISHED_JOB))["jobs"]["nodes"][0].values()
        answer = await api.ask(await _placed(api, THEN, job, provider))
        assert answer["job"] == {"status": "COMPLETED", "escrow": answer["job"]["escrow"]}
        assert answer["search"] == [{"__typename": "Job", "jobId": job}]
    said = await page.run("lamda scores")
    assert re.search(r"^provider +BSC +opBNB +API *\n0x\w{40}( +\d+){3}  (agree|on its way)", said), said
    assert "confirmed" in await page.run("lamda explain JOB", {"JOB": job})


async def _placed(api: Client, question: str, job: str, provider: str) -> str:
    """Put a job, its provider and blocks that are indexed into a question, in their order."""
    chains = (await api.ask("{ chains { chain indexed { number } } }"))["chains"]
    reached = {each["chain"]: str(each["indexed"]["number"]) for each in chains}
    for id_ in (job, provider, job):
        question = question.replace("0x…", id_, 1)
    return question.replace("51200000", reached["BSC"]).replace("80000000", reached["OPBNB"])


async def _has_nodes(api: Client, question: str) -> bool:
    return all(each["nodes"] for each in (await api.ask(question)).values())


@asynccontextmanager
async def _client(run: Typed) -> AsyncIterator[Client]:
    url = _between("GraphiQL", run.said).removesuffix("/graphql")
    async with aiohttp.ClientSession() as session:
        yield Client(url, session)


def _between(before: str, text: str) -> str:
    return text.partition(before)[2].split()[0]


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
    await page.watch("lamda up", LAST_LINE)
    assert page.left == ["lamda scores"]


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
