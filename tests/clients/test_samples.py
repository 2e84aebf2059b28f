"""The samples of code in the documents that no other test runs: each is run as it stands there."""

import asyncio
import json
import re
from contextlib import AsyncExitStack
from typing import Any

from models.feed import ChangeKind, Entity
from runtime.feed import Change
from runtime.limit_settings import LimitSettings
from runtime.ports import free_port
from tests.architecture.source import ROOT
from tests.clients import programs
from tests.clients.node import PATIENCE_SECONDS, websocket
from tests.integration.graphql_api.client import Client
from tests.integration.graphql_api.conftest import serving
from tests.integration.graphql_api.market import Market, confirmed, created, job_hex


def samples(document: str, language: str) -> list[str]:
    """Return the blocks of a language in a document."""
    return re.findall(rf"^```{language}\n(.*?)^```", (ROOT / document).read_text(encoding="utf-8"), re.M | re.S)


async def test_the_first_questions_are_answered(full: Client) -> None:
    """Those of the README and the tutorial that need no name of anything."""
    for question in (samples("README.md", "graphql")[0], *samples("docs/tutorial.md", "graphql")):
        assert all(each["nodes"] for each in (await full.ask(question)).values())


async def test_the_question_whose_cost_is_told_costs_that(full: Client, schema_url: str) -> None:
    """It is answered, and refused where one less is allowed."""
    (question,) = samples("docs/security.md", "graphql")
    (cost,) = re.findall(r"^costs .* = (\d+)\.", (ROOT / "docs/security.md").read_text(encoding="utf-8"), re.M)
    assert (await full.ask(question))["jobs"]["nodes"]

    async with serving(schema_url, limits=LimitSettings(api_cost_max=int(cost) - 1)) as api:
        assert (await api.refusal(question))["extensions"]["cost"] == int(cost)


async def test_a_page_that_keeps_its_cursor_misses_nothing(schema_url: str, market: Market) -> None:
    """The page's own loop and subscription, over a restart of the server."""
    ((query,), (code,)) = samples("docs/subscriptions.md", "graphql"), samples("docs/subscriptions.md", "js")
    port = free_port()
    async with AsyncExitStack() as stack:
        async with serving(schema_url, port=port) as api:
            program = await programs.start("resume.mjs", websocket(api), query, code)
            stack.callback(program.kill)
            assert program.stdout is not None
            resync = Change(entity=Entity.JOB, kind=ChangeKind.RESYNC, key=None)
            await programs.heard(program.stdout, lambda: market.tell(resync))
            await market.commit(created(1, 10, payment=1))
            seen = [await _next(program.stdout)]
        await market.commit(created(2, 11, payment=1))
        async with serving(schema_url, port=port):
            seen.append(await _next(program.stdout))
            await market.commit(confirmed(2, 12))
            seen.append(await _next(program.stdout))

    told = [(change["jobId"], change["kind"], change["matches"]) for change in seen]
    assert [(job_hex(1), "CREATED", True), (job_hex(2), "CREATED", True), (job_hex(2), "UPDATED", False)] == told


def test_the_resolver_to_follow_is_one_of_ours() -> None:
    """The page shows it as it is."""
    source = (ROOT / "graphql_api/schema/subscription.py").read_text(encoding="utf-8")

    assert [each in source for each in samples("docs/subscriptions.md", "python")] == [True]


async def _next(lines: asyncio.StreamReader) -> Any:
    while True:
        async with asyncio.timeout(PATIENCE_SECONDS):
            change = json.loads(await lines.readline())
        if change["kind"] != "RESYNC":
            return change
