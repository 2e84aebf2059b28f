"""The synthetic chains are chains: linked, decodable, honest in their blooms, and the same each time."""

from collections import Counter
from typing import Any

import msgspec
import pytest

from benchmarks.ingest.workload import CONTRACTS
from chain.bloom import BloomFilter
from chain.calls import Call, logs_in
from chain.decode import decode
from chain.errors import AskLess
from chain.rpc import Rpc
from chain.wire import Header, RawLog
from indexer.values import Followed
from indexer.verify import check_links, check_logs
from models.values import BlockId, BlockRange, Chain
from tests.synthetic import pages
from tests.synthetic.ledger import Ledger
from tests.synthetic.server import CHAIN_IDS, synthetic_server

LEDGERS = [Ledger(chain=chain, blocks=600, density=40) for chain in Chain]

both_chains = pytest.mark.parametrize("ledger", LEDGERS, ids=list(Chain))


def followed(ledger: Ledger) -> Followed:
    return Followed(
        chain=ledger.chain,
        chain_id=CHAIN_IDS[ledger.chain],
        contract=CONTRACTS[ledger.chain],
        start_block=1,
    )


def headers_of(ledger: Ledger) -> list[Header]:
    return [msgspec.json.decode(pages.header(ledger, number), type=Header) for number in range(ledger.blocks + 1)]


def logs_of(ledger: Ledger, number: int) -> list[RawLog]:
    return [msgspec.json.decode(log, type=RawLog) for log in pages.logs(ledger, number)]


@both_chains
def test_headers_are_linked(ledger: Ledger) -> None:
    """From genesis to head."""
    genesis, *others = headers_of(ledger)

    check_links(BlockId(number=0, hash=genesis.hash_bytes), others)


@both_chains
def test_logs_decode_to_the_events_they_were_made_of(ledger: Ledger) -> None:
    """And pass every guard."""
    headers = {header.height: header for header in headers_of(ledger)}
    blocks = BlockRange(first=0, last=ledger.blocks)
    logs = [log for number in range(ledger.blocks + 1) for log in logs_of(ledger, number)]
    checked = check_logs(logs, ours=followed(ledger).log_filter, blocks=blocks, headers=headers)

    assert checked == logs
    assert [decode(log) for log in logs] == [
        arguments for number in range(ledger.blocks + 1) for _, arguments in ledger.events(number)
    ]


@both_chains
def test_blooms_tell_which_blocks_have_logs(ledger: Ledger) -> None:
    """Neither more nor fewer."""
    bloom = BloomFilter(followed(ledger).log_filter)

    assert [bloom.may_match(header.logs_bloom) for header in headers_of(ledger)] == [
        bool(ledger.events(number)) for number in range(ledger.blocks + 1)
    ]


def test_all_seven_events_happen() -> None:
    """On the chain they belong to."""
    seen = Counter(name for ledger in LEDGERS for number in range(601) for name, _ in ledger.events(number))

    assert len(seen) == 7, seen


async def test_two_servers_say_the_same_bytes() -> None:
    """Whatever a test found can be found again."""
    said: list[Any] = []
    for _ in range(2):
        async with synthetic_server(*LEDGERS) as urls, Rpc([urls[Chain.BSC]]) as rpc:
            said.append(await rpc.ask(Call("eth_getLogs", ({"fromBlock": "0x1", "toBlock": "0x20"},), Any)))

    assert said[0] == said[1]
    assert len(said[0]) > 1_000


async def test_an_answer_that_is_too_large_is_refused_with_a_range_that_works() -> None:
    """As public endpoints do."""
    ledger = LEDGERS[0]
    async with synthetic_server(ledger, results_max=1_000) as urls, Rpc([urls[ledger.chain]]) as rpc:
        with pytest.raises(AskLess) as refusal:
            await rpc.ask(logs_in(BlockRange(first=100, last=500), followed(ledger).log_filter))
        assert refusal.value.limit is not None
        works = BlockRange(first=100, last=99 + refusal.value.limit)
        logs = await rpc.ask(logs_in(works, followed(ledger).log_filter))

    assert 900 < len(logs) <= 1_000
