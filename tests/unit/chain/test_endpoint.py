"""What an endpoint learns from its answers."""

import asyncio
from itertools import pairwise

import pytest

from chain.calls import Call
from chain.endpoint import Endpoint
from chain.errors import (
    AskLess,
    Cause,
    HistoryGone,
    Refused,
    Rest,
    RpcError,
    SplitTopics,
    TryAgain,
)
from chain.transport import HttpAnswer
from tests.unit.chain.nodes import Node, answer_of_status
from tests.unit.chain.virtual_time import now
from tests.unit.chain.with_nodes import logs_call, refusal_of, with_endpoint


def test_a_look_tells_head_and_finality() -> None:
    """In one batch, and how long it took."""
    node = Node(height=1_000, trails=3, latency_seconds=0.2)
    endpoint, _ = with_endpoint(node, lambda endpoint: endpoint.look())

    assert endpoint.head is not None
    assert (endpoint.head.height, endpoint.finalized) == (1_000, 997)
    assert endpoint.latency_seconds == pytest.approx(0.2)
    assert len(node.asked) == 1


def test_finality_never_exceeds_the_head() -> None:
    """Nodes behind a balancer mix their answers."""
    endpoint, _ = with_endpoint(Node(height=1_000, trails=-5), lambda endpoint: endpoint.look())

    assert endpoint.finalized == 1_000


def test_latency_is_a_moving_average() -> None:
    """One slow answer does not make an endpoint slow."""
    node = Node(latency_seconds=0.1)

    async def act(endpoint: Endpoint) -> None:
        await endpoint.look()
        node.latency_seconds = 1.1
        await endpoint.look()

    endpoint, _ = with_endpoint(node, act)

    assert endpoint.latency_seconds == pytest.approx(0.3)


def test_a_head_that_goes_backwards_is_lag() -> None:
    """For a while; another block at the same height is news."""
    node = Node(height=1_000)
    heads: list[str] = []

    async def act(endpoint: Endpoint) -> None:
        for node.height, node.branch, seconds in [(1_000, "a", 1), (995, "a", 1), (1_000, "b", 1), (996, "b", 10)]:
            await endpoint.look()
            assert endpoint.head is not None
            heads.append(f"{endpoint.head.height}{endpoint.head.hash[2]}")
            await asyncio.sleep(seconds)
        await endpoint.look()
        assert endpoint.head is not None
        heads.append(f"{endpoint.head.height}{endpoint.head.hash[2]}")

    with_endpoint(node, act)

    assert heads == ["10001", "10001", "10002", "10002", "9962"]


def test_an_older_look_does_not_outdo_a_newer_one() -> None:
    """Answers may overtake each other."""
    node = Node(height=1_000, latency_seconds=1.0)

    async def act(endpoint: Endpoint) -> None:
        older = asyncio.create_task(endpoint.look())
        await asyncio.sleep(0.1)
        node.height, node.latency_seconds = 1_001, 0.1
        await endpoint.look()
        node.height = 900
        await older

    endpoint, _ = with_endpoint(node, act)

    assert (endpoint.height, endpoint.finalized) == (1_001, 999)


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (TryAgain("connection refused"), "connection refused"),
        (answer_of_status(200, '{"error": {"message": "no batches please"}}'), "no batches please"),
        (answer_of_status(200, "<html>"), "not a JSON-RPC answer: HTTP 200 '<html>'"),
    ],
)
def test_a_look_in_vain_makes_it_rest(failure: Exception | HttpAnswer, reason: str) -> None:
    """Whatever the reason is, and named."""

    async def act(endpoint: Endpoint) -> None:
        with pytest.raises(RpcError, match=r"^a: "):
            await endpoint.look()

    endpoint, _ = with_endpoint(Node(failure=failure), act)

    assert endpoint.rests is not None
    assert endpoint.rests.reason == reason


def test_a_look_takes_a_bounded_time() -> None:
    """A few seconds where there is another endpoint; the only one has all the time of a question."""

    async def act(endpoint: Endpoint) -> float:
        with pytest.raises(TryAgain):
            await endpoint.look()
        return now()

    assert [with_endpoint(Node(latency_seconds=99), act, *others)[1] for others in ([], [Node()])] == [10, 3]


def test_history_gone_is_remembered_for_a_while() -> None:
    """For the blocks asked for; one of the nodes behind a name may keep more."""
    node = Node(logs="History has been pruned for this block")

    async def act(endpoint: Endpoint) -> list[int]:
        firsts = [endpoint.history_from]
        await refusal_of(endpoint, logs_call(10, 59))
        await refusal_of(endpoint, logs_call(5, 9))
        firsts.append(endpoint.history_from)
        await asyncio.sleep(601)
        return [*firsts, endpoint.history_from]

    endpoint, firsts = with_endpoint(node, act)

    assert firsts == [0, 60, 0]
    assert endpoint.rests is None


def test_state_that_is_gone_says_nothing_of_logs() -> None:
    """Nodes prune state long before logs."""
    node = Node(failure=answer_of_status(200, '{"error": {"message": "missing trie node"}}'))

    async def act(endpoint: Endpoint) -> int:
        assert isinstance(await refusal_of(endpoint, Call("eth_call", (), str)), HistoryGone)
        return endpoint.history_from

    assert with_endpoint(node, act)[1] == 0


def test_too_many_topics_are_remembered() -> None:
    """The next question is split at once."""
    node = Node(logs="exceed max addresses or topics per search position")
    endpoint, error = with_endpoint(node, lambda endpoint: refusal_of(endpoint, logs_call()))

    assert isinstance(error, SplitTopics)
    assert endpoint.splits_topics


def test_ranges_are_learned() -> None:
    """From what was borne and what was refused."""

    async def act(endpoint: Endpoint) -> list[int]:
        sizes = [endpoint.range_size]
        endpoint.bore_range(2_000, 10)
        sizes.append(endpoint.range_size)
        endpoint.refused_range(2_501, AskLess("max is 1k blocks", 1_000))
        sizes.append(endpoint.range_size)
        return sizes

    assert with_endpoint(Node(), act)[1] == [2_000, 2_501, 1_000]


def test_an_endpoint_that_complains_is_asked_less_often() -> None:
    """Its questions wait for their turn, and it is as quick as before when it complains no more."""
    node = Node(failure=answer_of_status(429), latency_seconds=0.0)

    async def act(endpoint: Endpoint) -> list[float | None]:
        paces = [endpoint.requests_per_second_max]
        for _ in range(2):
            await refusal_of(endpoint, Call("echo", ("a",), str))
            paces.append(endpoint.requests_per_second_max)
        node.failure = None
        node.asked.clear()
        await asyncio.gather(*(endpoint.batch([Call("echo", ("a",), str)]) for _ in range(5)))
        for _ in range(60):
            await endpoint.batch([Call("echo", ("a",), str)])
        return [*paces, endpoint.requests_per_second_max]

    endpoint, paces = with_endpoint(node, act)

    assert paces == [None, 10, 5, None]
    times = [time for time, _ in node.asked]
    assert [later - sooner for sooner, later in pairwise(times[:5])] == pytest.approx([0.2] * 4)
    assert endpoint.under_way == 0


def test_nobody_waits_for_a_turn_for_ever() -> None:
    """Who would come too late is told so at once."""
    node = Node(latency_seconds=0.0, failure=answer_of_status(429))

    async def act(endpoint: Endpoint) -> list[BaseException | list[str]]:
        for _ in range(7):
            await refusal_of(endpoint, Call("echo", ("a",), str))
        node.failure = None
        return await asyncio.gather(
            *(endpoint.batch([Call("echo", ("a",), str)]) for _ in range(8)), return_exceptions=True
        )

    _, ends = with_endpoint(node, act)
    refused = [end for end in ends if isinstance(end, TryAgain)]

    assert 3 <= len(refused) <= 5
    assert all(error.cause is Cause.RATE and error.after_seconds for error in refused)


def test_a_distrusted_endpoint_rests() -> None:
    """Where there is another one; the only one can only be asked again."""

    async def act(endpoint: Endpoint) -> float:
        endpoint.distrust("two hashes for block 5")
        assert endpoint.rests is not None
        return endpoint.rests.until - endpoint.rests.since

    assert with_endpoint(Node(), act, Node())[1] == 1
    assert with_endpoint(Node(), act)[1] < 1


@pytest.mark.parametrize(
    ("status", "family"), [(401, Rest), (402, Rest), (403, Rest), (404, TryAgain), (500, TryAgain)]
)
def test_http_refusals_make_it_rest(status: int, family: type[RpcError]) -> None:
    """Without a word that we know."""
    endpoint, error = with_endpoint(
        Node(failure=answer_of_status(status, "no")), lambda endpoint: refusal_of(endpoint, logs_call())
    )

    assert type(error) is family
    assert endpoint.is_resting


def test_a_refused_question_does_not_make_it_rest() -> None:
    """It understood."""
    endpoint, error = with_endpoint(Node(), lambda endpoint: refusal_of(endpoint, Call("eth_foo", (), str)))

    assert type(error) is Refused
    assert not endpoint.is_resting
