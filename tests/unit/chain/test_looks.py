"""Which endpoint is asked: the most preferred one that is well, as of now."""

import asyncio

import pytest

from chain.calls import Call
from chain.errors import RpcError, TryAgain
from chain.rpc import Rpc
from tests.unit.chain.nodes import Node, answer_of_status, rpc_of
from tests.unit.chain.virtual_time import now, run
from tests.unit.chain.with_nodes import DOWN, logs_call, look, looks, with_rpc


def test_the_preferred_endpoint_is_asked_now() -> None:
    """At each look, while the others are looked at once a second."""
    first, second = Node(height=100), Node(height=100)

    async def act(rpc: Rpc) -> None:
        for _ in range(20):
            assert (await rpc.look()).head is not None
            await asyncio.sleep(0.24)

    with_rpc(act, first, second)

    assert (len(first.looks), len(second.looks)) == (20, 5)


def test_a_look_sees_the_newest_block() -> None:
    """Of the very moment."""
    node = Node(height=100)

    async def act(rpc: Rpc) -> list[int]:
        heads = []
        for node.height in (100, 101, 107):
            endpoint = await rpc.look()
            assert endpoint.head is not None
            heads.append(endpoint.head.height)
        return heads

    assert with_rpc(act, node) == [100, 101, 107]


@pytest.mark.parametrize("other", [Node(latency_seconds=2.5), Node(latency_seconds=99), Node(failure=DOWN)])
def test_a_slow_other_endpoint_delays_nothing(other: Node) -> None:
    """It is looked at beside the first; a look takes as long as the first takes."""

    async def act(rpc: Rpc) -> float:
        for _ in range(10):
            await rpc.look()
        return now()

    assert with_rpc(act, Node(latency_seconds=0.02), other) == pytest.approx(0.2)


def test_a_failing_endpoint_is_left_for_the_next() -> None:
    """In the same look."""

    async def act(rpc: Rpc) -> tuple[str, bool]:
        return await look(rpc), rpc.endpoints[0].is_resting

    assert with_rpc(act, Node(failure=DOWN), Node()) == ("b", True)


def test_a_recovered_endpoint_is_taken_back_after_a_look_at_it() -> None:
    """Not when its time is over, but when it has answered; and then it is the preferred one again."""
    first, second = Node(), Node()

    async def act(rpc: Rpc) -> list[list[str]]:
        led = [await looks(rpc, 2)]
        first.failure = DOWN
        led.append(await looks(rpc, 20))
        assert rpc.endpoints[0].is_resting
        assert [endpoint.name for endpoint in rpc.in_use()] == ["b"]
        first.failure = None
        led.append(await looks(rpc, 60))
        return led

    assert with_rpc(act, first, second) == [["a"], ["b"], ["b", "a"]]


def test_an_endpoint_that_rests_is_asked_ever_more_seldom() -> None:
    """Half a minute apart in the end."""
    first = Node(failure=DOWN)
    with_rpc(lambda rpc: looks(rpc, 200), first, Node())

    assert 8 <= len(first.asked) <= 14


def test_where_all_rest_each_is_named_with_its_reason() -> None:
    """And nobody is asked before the first one's time is over."""
    nodes = [Node(failure=answer_of_status(402)), Node(failure=answer_of_status(429, retry_after="40"))]

    async def act(rpc: Rpc) -> TryAgain:
        await look(rpc)
        await asyncio.sleep(10)
        with pytest.raises(TryAgain) as raised:
            await rpc.look()
        with pytest.raises(TryAgain, match="HTTP 402; b rests"):
            await rpc.batch([Call("echo", ("a",), str)])
        return raised.value

    error = with_rpc(act, *nodes)

    assert str(error) == (
        "no endpoint can be asked now: a rests for 590.0 s more: HTTP 402; b rests for 30.0 s more: HTTP 429"
    )
    assert error.after_seconds == pytest.approx(30, abs=0.1)
    assert [len(node.asked) for node in nodes] == [1, 1]


def test_where_all_rested_the_first_to_be_ready_is_asked() -> None:
    """When its time is over, and if it answers, it is taken back at once."""
    first, second = Node(failure=answer_of_status(402)), Node(failure=answer_of_status(429, retry_after="40"))

    async def act(rpc: Rpc) -> str:
        await look(rpc)
        first.failure = second.failure = None
        await asyncio.sleep(41)
        return await look(rpc)

    assert with_rpc(act, first, second) == "b"


def test_the_only_endpoint_is_asked_again_at_once() -> None:
    """It may be a server that is just starting."""
    node = Node(failure=DOWN)

    async def act(rpc: Rpc) -> list[str]:
        led = await looks(rpc, 30, every=0.02)
        with pytest.raises(TryAgain, match=r"^a: connection refused"):
            await rpc.batch([Call("echo", ("a",), str)])
        node.failure = None
        return [*led, await look(rpc)]

    assert with_rpc(act, node) == ["", "a"]


def test_an_endpoint_whose_logs_were_off_must_answer_for_logs() -> None:
    """Its head alone does not take it back."""
    first, second = Node(logs="limit exceeded"), Node()

    async def act(rpc: Rpc) -> list[list[str]]:
        await looks(rpc, 2)
        assert await rpc.ask(logs_call()) == []
        led = [await looks(rpc, 320)]
        assert ["eth_getLogs"] in [methods for _, methods in first.asked[-2:]]
        first.logs = []
        led.append(await looks(rpc, 320))
        return led

    assert with_rpc(act, first, second) == [["b"], ["b", "a"]]


def test_nothing_goes_on_when_the_rpc_is_closed() -> None:
    """Looks under way are ended, also when the one who looked has left."""

    async def main() -> float:
        async with rpc_of(Node(latency_seconds=2), Node(latency_seconds=3)) as rpc:
            waiting = asyncio.create_task(rpc.look())
            await asyncio.sleep(0.1)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        return now()

    assert run(main()) == pytest.approx(0.1)


def test_questions_are_answered_while_an_endpoint_comes_and_goes() -> None:
    """Failover loses nothing: each of many questions beside each other has its answer."""
    first, second = Node(), Node()

    async def storm() -> None:
        for node, failure in 3 * [(first, DOWN), (first, None), (second, answer_of_status(429)), (second, None)]:
            node.failure = failure
            await asyncio.sleep(3)

    async def act(rpc: Rpc) -> list[str]:
        weather = asyncio.create_task(storm())
        answers = []
        for number in range(300):
            answers += await asyncio.gather(*(rpc.ask(Call("echo", (f"{number}.{each}",), str)) for each in range(4)))
            await asyncio.sleep(0.1)
        await weather
        return answers

    assert with_rpc(act, first, second) == [f"{number}.{each}" for number in range(300) for each in range(4)]


def test_a_batch_beside_which_an_endpoint_recovers_goes_to_it_again() -> None:
    """Also where nobody ever looks."""
    first = Node(failure=DOWN)

    async def act(rpc: Rpc) -> list[int]:
        counts = []
        for first.failure, questions in ((DOWN, 10), (None, 30)):
            first.asked.clear()
            for _ in range(questions):
                await rpc.ask(Call("echo", ("a",), str))
                await asyncio.sleep(1)
            counts.append(len([methods for _, methods in first.asked if methods == ["echo"]]))
        return counts

    failed, recovered = with_rpc(act, first, Node())

    assert failed == 1
    assert recovered >= 15


async def test_an_rpc_needs_an_endpoint() -> None:
    """Without one there is nothing to ask."""
    with pytest.raises(AssertionError):
        Rpc([])


def test_whatever_is_asked_of_a_dead_world_is_an_rpc_error() -> None:
    """In bounded time."""

    async def act(rpc: Rpc) -> float:
        for _ in range(3):
            for ask in (rpc.look(), rpc.batch([Call("echo", ("a",), str)])):
                with pytest.raises(RpcError):
                    await ask
        return now()

    assert with_rpc(act, Node(latency_seconds=99), Node(latency_seconds=99)) <= 3 * (2 * 3 + 2 * 10)
