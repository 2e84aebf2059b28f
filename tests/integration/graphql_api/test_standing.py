"""Every answer says which blocks it stands on, and all of it stands on them."""

import asyncio
from itertools import count
from typing import Any

import pytest

from graphql_api.as_of import NOW, AsOf
from graphql_api.program import open_world
from graphql_api.reading import Reading
from graphql_api.rows import ProviderRow
from graphql_api.schema import build
from graphql_api.visits import Visit
from models.values import Chain, show_bytes
from runtime.settings import ApiSettings
from tests.integration.graphql_api.client import Client, Watching
from tests.integration.graphql_api.conftest import serving
from tests.integration.graphql_api.market import Market, block_hash, created, job_hex, registered, shown
from tests.integration.graphql_api.wallets import Wallet, message, nonce
from tests.integration.graphql_api.watching import JOBS, until_it_hears

RENTER = Wallet(1)
SUBMIT = 'mutation ($id: Bytes32!) { submitJobSpec(jobId: $id, spec: { dockerImage: "a" }) { dockerImage } }'
SIGN_IN = """mutation ($message: String!, $signature: String!) {
    signIn(message: $message, signature: $signature) { account { jobs { totalCount } } } }"""


def block(chain: str, number: int, *, final: bool = True) -> dict[str, Any]:
    """Return what an answer says of the block of a chain."""
    return {
        "chain": chain,
        "number": number,
        "hash": show_bytes(block_hash(number)),
        "timestamp": shown(number),
        "final": final,
        "stateThrough": number,
    }


async def test_an_answer_names_the_block_of_each_chain(api: Client, market: Market) -> None:
    """With its hash, its time, and whether it is final."""
    await market.checkpoint(Chain.BSC, number=12, finalized=10)
    await market.checkpoint(Chain.OPBNB, number=7)

    answer = await api.respond("{ jobs { totalCount } }")

    assert answer["extensions"] == {"blocks": [block("BSC", 12, final=False), block("OPBNB", 7)]}


async def test_an_answer_with_errors_names_them_too(api: Client, market: Market) -> None:
    """What cannot be answered was read from somewhere as well."""
    await market.checkpoint(Chain.BSC, number=12)
    query = "query ($id: Bytes32!) { job(jobId: $id, asOf: [{ chain: BSC, block: 13 }]) { jobId } }"

    answer = await api.respond(query, id=job_hex(1))

    assert answer["errors"][0]["extensions"]["code"] == "NOT_INDEXED"
    assert answer["extensions"] == {"blocks": [block("BSC", 12)]}


@pytest.mark.parametrize("query", ["{ __typename }", "{", "{ nothing }", "mutation { signInNonce }"])
async def test_what_was_read_from_no_snapshot_names_none(api: Client, query: str) -> None:
    """There is no block to stand on."""
    assert "extensions" not in await api.respond(query)


@pytest.mark.parametrize("query", ["{ jobStats { total } }", "{ providerStats { total } }", "{ activity { start } }"])
async def test_numbers_of_all_name_what_they_were_computed_from(api: Client, market: Market, query: str) -> None:
    """They are kept for a second for all who ask; where more is asked, the answer names what that was read from."""
    await market.checkpoint(Chain.BSC, number=12)
    alone = await api.respond(query)
    await market.checkpoint(Chain.BSC, number=13)
    among_others = await api.respond(query.replace("{", "{ jobs { totalCount }", 1))

    assert alone["extensions"] == {"blocks": [block("BSC", 12)]}
    assert among_others["extensions"] == {"blocks": [block("BSC", 13)]}


async def test_a_mutation_names_what_its_answer_was_read_from(api: Client, market: Market) -> None:
    """A snapshot begun after it was done; an answer that says only what was written names none."""
    await market.checkpoint(Chain.BSC, number=12)
    text = message(api.url, RENTER.address, await nonce(api))
    signed_in = await api.respond(SIGN_IN, message=text, signature=RENTER.sign(text))
    written = await (await RENTER.enter(api)).respond(SUBMIT, id=job_hex(1))

    assert signed_in["extensions"] == {"blocks": [block("BSC", 12)]}
    assert "extensions" not in written


async def test_each_event_names_what_it_was_read_from(api: Client, market: Market) -> None:
    """Each its own snapshot; an event that reads nothing names none."""
    await market.checkpoint(Chain.BSC, number=12)
    told = []
    async with api.watch(JOBS) as reads, api.watch("subscription { jobChanges { kind } }") as reads_nothing:
        for watching in (reads, reads_nothing):
            await until_it_hears(watching, market)
        for number in (13, 14):
            await market.checkpoint(Chain.BSC, number=number)
            await market.commit(created(number, number, payment=1))
            told.append((await _event(reads)).get("extensions"))
        nothing = await _event(reads_nothing)

    assert told == [{"blocks": [block("BSC", 13)]}, {"blocks": [block("BSC", 14)]}]
    assert "extensions" not in nothing


async def test_all_fields_of_an_answer_stand_on_the_blocks_it_names(schema_url: str, market: Market) -> None:
    """What is committed in the middle of it is in none of its parts: aliases, levels, what it says of itself."""

    class Interrupted(Reading):
        async def provider(self, address: str, as_of: AsOf = NOW) -> ProviderRow | None:
            async with turn:
                block = next(blocks)
                await market.commit(created(block, block, payment=1))
                await market.checkpoint(Chain.BSC, number=block)
            return await super().provider(address, as_of)

    await market.commit(created(1, 12, payment=1), registered("provider", 3))
    await market.checkpoint(Chain.BSC, number=12)
    query = """{
        a: jobs { nodes { provider { jobs { totalCount } } } }
        b: jobs { nodes { provider { later: jobs(first: 1) { totalCount } } } }
        chains { indexed { number } }
    }"""
    blocks, turn = count(13), asyncio.Lock()
    schema = build()
    schema.reading = Interrupted
    async with open_world(ApiSettings(), database_url=schema_url) as world:
        answer = await schema.execute(query, context_value=Visit(world=world))

    assert answer.errors is None
    assert next(blocks) == 15
    assert answer.data == {
        "a": {"nodes": [{"provider": {"jobs": {"totalCount": 1}}}]},
        "b": {"nodes": [{"provider": {"later": {"totalCount": 1}}}]},
        "chains": [{"indexed": {"number": 12}}],
    }
    assert answer.extensions == {"blocks": [block("BSC", 12)]}


async def _event(watching: Watching) -> Any:
    """Return the payload of the next event that is about one job."""
    while True:
        payload = (await watching.message())["payload"]
        if payload["data"]["jobChanges"]["kind"] != "RESYNC":
            return payload


async def test_a_chain_is_looked_up_where_a_setting_says(schema_url: str, market: Market) -> None:
    """The other at the explorer that is known for it."""
    for chain in Chain:
        await market.checkpoint(chain, number=50)
    async with serving(schema_url, bsc_explorer_url="https://explorer.example/") as api:
        data = await api.ask("{ chains { explorerUrl } }")

    assert data == {"chains": [{"explorerUrl": "https://explorer.example"}, {"explorerUrl": "https://opbnbscan.com"}]}


async def test_an_explorer_may_be_none(schema_url: str, market: Market) -> None:
    """A chain of one's own has the id of another, and is at no explorer."""
    for chain in Chain:
        await market.checkpoint(chain, number=50)
    async with serving(schema_url, bsc_explorer_url="none") as api:
        data = await api.ask("{ chains { explorerUrl } }")

    assert data == {"chains": [{"explorerUrl": None}, {"explorerUrl": "https://opbnbscan.com"}]}
