"""Whose head and finality count, and who answers for a range."""

import asyncio
from typing import Any

import pytest

from chain.errors import HistoryGone, TryAgain
from chain.rpc import Rpc
from models.values import BlockRange
from tests.unit.chain.nodes import Node, answer_of_status
from tests.unit.chain.with_nodes import DOWN, logs_call, looks, with_rpc


def test_a_lagging_endpoint_counts_neither_for_head_nor_for_finality() -> None:
    """Until it has caught up; it is not resting, and may answer for history."""
    first, second = Node(height=1_000), Node(height=1_000)

    async def act(rpc: Rpc) -> list[Any]:
        await looks(rpc, 2)
        second.height = 1_021
        led: list[Any] = [await looks(rpc, 2), rpc.finalized(), [each.name for each in rpc.in_use()]]
        assert not rpc.endpoints[0].is_resting
        assert rpc.for_range(BlockRange(first=1, last=998)).name == "a"
        assert rpc.for_range(BlockRange(first=1, last=1_019)).name == "b"
        first.height = 1_010
        return [*led, await looks(rpc, 2), rpc.finalized()]

    assert with_rpc(act, first, second) == [["b"], 1_019, ["b"], ["b", "a"], 1_008]


def test_an_endpoint_that_falls_back_is_one_that_lags() -> None:
    """The others hold the head where it was."""
    first, second = Node(height=1_000), Node(height=1_000)

    async def act(rpc: Rpc) -> tuple[str, int, int]:
        await looks(rpc, 2)
        first.height = 400
        endpoint = await rpc.look()
        assert endpoint.head is not None
        return endpoint.name, endpoint.head.height, rpc.finalized()

    assert with_rpc(act, first, second) == ("b", 1_000, 998)


def test_a_resting_endpoint_does_not_freeze_finality() -> None:
    """What it held final long ago does not count."""
    first, second = Node(height=1_000), Node(height=1_000)

    async def act(rpc: Rpc) -> int:
        await looks(rpc, 2)
        second.failure = DOWN
        for first.height in range(1_001, 1_011):
            await looks(rpc, 1)
        return rpc.finalized()

    assert with_rpc(act, first, second) == 1_008


def test_finality_is_what_all_hold_final() -> None:
    """Two honest nodes may differ."""

    async def act(rpc: Rpc) -> int:
        await looks(rpc, 2)
        return rpc.finalized()

    assert with_rpc(act, Node(trails=2), Node(trails=9)) == 91


def test_nothing_is_final_before_a_look() -> None:
    """And nobody is in use."""

    async def act(rpc: Rpc) -> list[Any]:
        with pytest.raises(TryAgain, match="a has not been looked at"):
            rpc.finalized()
        return rpc.in_use()

    assert with_rpc(act, Node()) == []


def test_a_range_goes_to_the_least_busy() -> None:
    """Then to the preferred."""
    nodes = [Node(), Node(), Node()]

    async def act(rpc: Rpc) -> list[str]:
        await looks(rpc, 2)
        names, asked = [], []
        for _ in range(7):
            endpoint = rpc.for_range(BlockRange(first=1, last=50))
            names.append(endpoint.name)
            asked.append(asyncio.create_task(endpoint.batch([logs_call()])))
            await asyncio.sleep(0)
        await asyncio.gather(*asked)
        return names

    assert with_rpc(act, *nodes) == ["a", "b", "c", "a", "b", "c", "a"]


def test_a_range_goes_to_who_holds_it_final_and_keeps_it() -> None:
    """Not to one that rests, either."""
    nodes = [Node(trails=60), Node(logs="pruned history unavailable"), Node(failure=DOWN), Node()]

    async def act(rpc: Rpc) -> list[str]:
        await looks(rpc, 2)
        with pytest.raises(HistoryGone):
            await rpc.endpoints[1].batch([logs_call()])
        ranges = [BlockRange(first=1, last=40), BlockRange(first=1, last=41), BlockRange(first=51, last=90)]
        return [rpc.for_range(blocks).name for blocks in ranges]

    assert with_rpc(act, *nodes) == ["a", "d", "b"]


def test_a_range_does_not_go_to_one_that_has_not_proven_itself() -> None:
    """Its time may be over; a look comes first."""
    first = Node()

    async def act(rpc: Rpc) -> list[str]:
        await looks(rpc, 2)
        first.failure = DOWN
        with pytest.raises(TryAgain):
            await rpc.endpoints[0].batch([logs_call()])
        first.failure = None
        await asyncio.sleep(60)
        names = [rpc.for_range(BlockRange(first=1, last=50)).name]
        await looks(rpc, 1)
        return [*names, rpc.for_range(BlockRange(first=1, last=50)).name]

    assert with_rpc(act, first, Node()) == ["b", "a"]


def test_the_only_endpoint_answers_for_ranges_while_it_rests_shortly() -> None:
    """Of many ranges in flight one may fail; whoever asked for a pause is left alone."""
    node = Node()

    async def act(rpc: Rpc) -> str:
        await looks(rpc, 2)
        node.failure = DOWN
        with pytest.raises(TryAgain):
            await rpc.endpoints[0].batch([logs_call()])
        name = rpc.for_range(BlockRange(first=1, last=50)).name
        node.failure = answer_of_status(429, retry_after="9")
        with pytest.raises(TryAgain):
            await rpc.endpoints[0].batch([logs_call()])
        with pytest.raises(TryAgain, match="a rests for 9"):
            rpc.for_range(BlockRange(first=1, last=50))
        return name

    assert with_rpc(act, node) == "a"


def test_history_that_nobody_keeps_is_said() -> None:
    """With whoever would have it, from which block."""
    nodes = [Node(logs="pruned history unavailable"), Node(logs="pruned history unavailable")]

    async def act(rpc: Rpc) -> None:
        await looks(rpc, 2)
        with pytest.raises(HistoryGone):
            await rpc.batch([logs_call()])
        rpc.for_range(BlockRange(first=1, last=50))

    with pytest.raises(HistoryGone, match="nobody keeps logs of blocks 1–50, only a from block 51, b from block 51"):
        with_rpc(act, *nodes)


def test_blocks_that_nobody_holds_final_are_waited_for() -> None:
    """Each endpoint's state is said."""

    async def act(rpc: Rpc) -> None:
        await looks(rpc, 2)
        rpc.for_range(BlockRange(first=1, last=99))

    with pytest.raises(TryAgain, match="about blocks 1–99 now: a is at block 100, final through 98"):
        with_rpc(act, Node())


def test_a_second_opinion_comes_from_another_one_in_use() -> None:
    """Or from nobody."""

    async def act(rpc: Rpc) -> list[str | None]:
        await looks(rpc, 2)
        others = [rpc.other_than(endpoint) for endpoint in rpc.endpoints]
        return [None if other is None else other.name for other in others]

    assert with_rpc(act, Node(height=50), Node(), Node()) == ["b", "c", "b"]
    assert with_rpc(act, Node()) == [None]
