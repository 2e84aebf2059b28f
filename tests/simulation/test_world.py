"""The simulated world is a fair one: what it says is what a chain and its endpoints could say."""

import asyncio
import time
from itertools import pairwise
from random import Random

import msgspec
import pytest
from eth_abi.abi import decode

from chain.abi import EVENTS_BY_NAME
from chain.bloom import BloomFilter
from chain.wire import Header, RawLog
from indexer.values import Followed
from models.values import Chain, ProofLevel, show_bytes
from tests.simulation import loop, simulation
from tests.simulation.blockchain import Blockchain
from tests.simulation.database import Database
from tests.simulation.events import SHAPES
from tests.simulation.faults import OF_LOGS, UNDETECTABLE, spoil
from tests.simulation.nodes import Node, Refusal, Traits, matches, receipts_of

CONTRACT = b"\xc0" * 20


@pytest.fixture(params=list(Chain))
def chain(request: pytest.FixtureRequest) -> Blockchain:
    """A chain that was reorganised a few times."""
    made = Blockchain(request.param, contract=CONTRACT, first=0, finality_lag=9, dice=Random("fair"))
    for second in range(120):
        made.mine(float(second))
        if second % 20 == 19:
            made.reorganise(depth=min(made.depth_max(), second // 20 + 1), growth=1, now=float(second))
    return made


def followed(chain: Blockchain) -> Followed:
    """Return the chain as the indexer follows it."""
    return Followed(chain=chain.chain, chain_id=1, contract=CONTRACT, start_block=1)


def node(chain: Blockchain, *, behind: int = 0, **traits: object) -> Node:
    """Return a node of the chain."""
    return Node(chain, chain.view(behind=behind), Traits(**traits), Random(1))  # type: ignore[arg-type]


def test_blocks_follow_each_other(chain: Blockchain) -> None:
    """On the canonical chain and on every branch that was left."""
    branches = [chain.canonical, *chain.orphans]

    assert all(
        (parent.hash, parent.number + 1) == (block.parent_hash, block.number) and parent.time_ms < block.time_ms
        for branch in branches
        for parent, block in pairwise(branch)
    )


def test_final_blocks_are_never_reorganised(chain: Blockchain) -> None:
    """All branches agree up to the fork, which no reorg within finality puts below what was final."""
    assert len(chain.orphans) > 1
    assert all(depth <= 9 for depth in chain.reorgs)


def test_shapes_are_those_of_the_abi() -> None:
    """The world's own list of events and the one that the indexer uses came from different hands, and agree."""
    ours = {name: (show_bytes(shape.topic0), len(shape.indexed), len(shape.data)) for name, shape in SHAPES.items()}

    assert ours == {
        name: (shape.topic0, len(shape.in_topics), len(shape.in_data)) for name, shape in EVENTS_BY_NAME.items()
    }


def test_logs_say_what_was_emitted(chain: Blockchain) -> None:
    """eth_abi reads the arguments from topics and data that the expected rows are made of."""
    emitted = [log for block in chain.canonical for log in block.logs if log.event]
    read = []
    for log in emitted:
        shape = SHAPES[log.event]
        indexed = [decode([kind], topic)[0] for kind, topic in zip(shape.indexed, log.topics[1:], strict=True)]
        bare = [bytes.fromhex(value[2:]) if isinstance(value, str) else value for value in indexed]
        read.append((*bare, *decode(shape.data, log.data)))

    assert [log.arguments for log in emitted] == read
    assert len(emitted) > 50


def test_blooms_admit_every_block_with_logs_of_ours(chain: Blockchain) -> None:
    """And prove most of the others to be without."""
    wanted = followed(chain).log_filter
    promising = {block for block in chain.canonical if BloomFilter(wanted).may_match(block.wire_header["logsBloom"])}
    with_ours = {block for block in chain.canonical if any(log.event for log in block.logs)}

    assert with_ours <= promising
    assert len(promising) < len(chain.canonical)


def test_answers_are_of_the_shapes_that_the_indexer_reads(chain: Blockchain) -> None:
    """Headers, logs and receipts decode."""
    block = next(block for block in chain.canonical if len(block.logs) > 2)
    header = msgspec.convert(block.wire_header, Header)
    logs = msgspec.convert(block.wire_logs, list[RawLog])

    assert (header.height, header.hash_bytes) == (block.number, block.hash)
    assert list(range(len(block.logs))) == [log.index for log in logs]
    assert block.wire_logs == [log for receipt in receipts_of(block) for log in receipt["logs"]]


def test_a_node_cuts_off_at_its_head_or_says_so(chain: Blockchain) -> None:
    """As the two kinds of nodes do."""
    head = chain.head.number
    span = {"fromBlock": "0x1", "toBlock": hex(head), "address": [show_bytes(CONTRACT)], "topics": [None]}

    assert all(int(log["blockNumber"], 16) <= head - 5 for log in node(chain, behind=5, cuts_off=True).logs(span))
    with pytest.raises(Refusal, match="invalid block range"):
        node(chain, behind=5).logs(span)


@pytest.mark.parametrize("fault", sorted(OF_LOGS))
def test_each_fault_of_logs_changes_the_answer(fault: str, chain: Blockchain) -> None:
    """At the level that detects all of them; and none at a level that could not."""
    wanted = followed(chain).log_filter.wire
    all_logs = [log for block in chain.canonical for log in block.wire_logs]
    logs = [log for log in all_logs if matches(log, wanted["address"], wanted["topics"][0])]
    answers = {
        level: spoil(fault, "eth_getLogs", [{}], logs, levels={"range": level}, dice=Random(4)) for level in ProofLevel
    }
    spared = {level: answer == logs for level, answer in answers.items()}

    assert answers[ProofLevel.RECEIPTS] != logs
    assert {level: fault in UNDETECTABLE[level]["range"] for level in ProofLevel} == spared


def test_a_level_detects_all_that_the_one_before_it_does() -> None:
    """Levels are ordered."""
    for lower, higher in pairwise(ProofLevel):
        assert all(UNDETECTABLE[higher][asked] <= UNDETECTABLE[lower][asked] for asked in ("range", "hash"))


def test_virtual_time_costs_none() -> None:
    """A day passes at once, and everybody wakes in the order of their timers."""
    woken: list[int] = []

    async def sleeper(hours: int) -> None:
        await asyncio.sleep(hours * 3600)
        woken.append(hours)

    async def day() -> float:
        await asyncio.gather(*(sleeper(hours) for hours in (24, 3, 12)))
        return asyncio.get_running_loop().time()

    began = time.monotonic()
    assert loop.run(day(), limit_seconds=1e6) == 24 * 3600
    assert woken == [3, 12, 24]
    assert time.monotonic() - began < 1


def test_what_would_wait_for_ever_is_told() -> None:
    """Nobody is left who could wake anybody."""

    async def waits() -> None:
        await asyncio.Event().wait()

    with pytest.raises(loop.Stuck, match="nothing is scheduled"):
        loop.run(waits())


def test_the_real_world_is_out_of_reach() -> None:
    """A thread would bring its own order of things."""

    async def reaches() -> None:
        await asyncio.to_thread(time.sleep, 0)

    with pytest.raises(loop.RealWorld, match="run_in_executor"):
        loop.run(reaches())


def test_a_seed_takes_the_same_course_twice(database: Database) -> None:
    """And another seed another."""
    first, again, other = (simulation.run(seed, database).trace for seed in (3, 3, 4))

    assert first == again
    assert first != other
