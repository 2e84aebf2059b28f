"""What a newcomer does first: the README's first pages and the tutorial, in a clone in which nothing is made."""

import os
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.request import Request, urlopen

import aiohttp
import pytest

from runtime.ports import free_port
from tests.architecture.source import ROOT
from tests.effects.marketplace import until
from tests.integration.graphql_api.client import Client
from tests.integration.lamda.runs import child_of
from tests.rehearsals.checkout import MADE_SECONDS_MAX, registries
from tests.rehearsals.page import Page
from tests.rehearsals.typed import Typed

pytestmark = [pytest.mark.long, pytest.mark.timeout(700)]

README = "README.md"
TEXT = (ROOT / README).read_text(encoding="utf-8")
NOW, LIVE, THEN = re.findall(r"```graphql\n(.*?)```", TEXT, re.DOTALL)
TUTORIAL = "docs/tutorial.md"
(NEWEST,) = re.findall(r"```graphql\n(.*?)```", (ROOT / TUTORIAL).read_text(encoding="utf-8"), re.DOTALL)
LAST_LINE = "Stop "
INTERRUPTED, KILLED = -signal.SIGINT, -signal.SIGKILL
A_FINISHED_JOB = "{ jobs(filter: { status: COMPLETED }, first: 1) { nodes { jobId providerAddress } } }"


async def test_a_newcomer_has_a_world_asks_it_and_finds_it_again(checkout: Path) -> None:
    """From a clone in which nothing is made; with another port, after Ctrl-C, and after a kill."""
    page = Page(README, {**registries(), "API_PORT": str(free_port())}, checkout, parts=("Try it", "What you can ask"))
    async with page.running("make run", LAST_LINE, code=INTERRUPTED, within=MADE_SECONDS_MAX) as first:
        await _the_world_is_as_it_says(first)
        await _the_questions_are_answered(page, first)
    world = _between("new world ", first.said)
    assert f"the next run goes on with world {world}" in first.said

    async with page.running("API_PORT=8081 make run", LAST_LINE, {"8081": str(free_port())}, code=KILLED) as second:
        assert f"going on with world {world}" in second.said
        assert "agree" in await page.run("lamda scores")
        await second.kill()
    said = await page.watch("make run ARGS=--forget", LAST_LINE, code=INTERRUPTED)

    assert f"world {world} was not stopped in order" in said
    assert f"deleted lamda_{world}" in said
    assert page.left == ["make test"]


async def test_the_tutorial_ends_with_nothing_lost(checkout: Path) -> None:
    """Its world is begun, looked at, broken and read again, in its order."""
    page = Page(TUTORIAL, {**registries(), "API_PORT": str(free_port())}, checkout)
    async with page.running("make run", LAST_LINE, code=INTERRUPTED, within=MADE_SECONDS_MAX) as run:
        assert "nothing is wrong; 2 to note, 2 not checked" in await page.run("lamda doctor")
        assert "in use" in await page.watch("lamda status --watch", "in use")
        async with _client(run) as api:
            await until(lambda: _has_nodes(api, NEWEST), within=60, what="a finished job")
            job = (await api.ask(NEWEST))["jobs"]["nodes"][0]["jobId"]
        story = await page.run("lamda explain JOB", {"JOB": job})
        assert re.search("created.*spec.*dispatched", story, re.DOTALL), story
        assert "agree" in await page.run("lamda scores")
        assert "DIFFERS" not in await page.run("lamda audit")
        for program, name in {"index": "indexer", "react": "reactor"}.items():
            os.kill(child_of(run.pid, f"-m lamda {program}"), signal.SIGKILL)
            await run.says(f"{name} was ended by SIGKILL")
        await until(lambda: run.said.count("starting it again") == 2, within=30, what="both are started again")
        assert (await page.run("lamda verify")).count("nothing differed") == 2

    assert page.left == []


async def test_what_is_made_in_a_checkout_serves(checkout: Path) -> None:
    """The dashboard is built and comes with the API; there is nothing to say against the Dockerfile."""
    page = Page("docs/dashboard.md", {**registries(), "API_PORT": str(free_port())}, checkout)
    await page.run("make assets", within=MADE_SECONDS_MAX)
    async with page.running("lamda up", LAST_LINE) as run:
        address = _between("Dashboard", run.said)
        (script,) = re.findall(r'src="(/[^"]+\.js)"', _fetched(address))
        assert _fetched(address + script)
    deploy = Page("docs/operations/deploy.md", registries(), checkout)

    assert "nothing to complain about" in await deploy.run("make image-lint", within=MADE_SECONDS_MAX)
    assert page.left == ["make screenshots", "make test-browser", "make test-long"]


async def _the_world_is_as_it_says(run: Typed) -> None:
    """Compare what is printed with what the README says of it, but for figures."""
    block = TEXT.partition("Then it says\n")[2].partition("\n\nand within")[0]
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


def _fetched(url: str) -> str:
    with urlopen(Request(url, headers={"Accept": "text/html"})) as answer:
        text: str = answer.read().decode()
    return text


def _between(before: str, text: str) -> str:
    return text.partition(before)[2].split()[0]
