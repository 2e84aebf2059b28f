"""Whatever an endpoint does, a question ends within its time in an answer or in an error with a remedy."""

import asyncio
import time

import pytest
from aiohttp import web

from chain.endpoint import CALLS_MAX, REQUESTS_MAX
from chain.errors import AskAnother, AskLess, Refused, Rest, RpcError, RunReverted, SplitTopics, TryAgain
from chain.rpc import Rpc
from runtime.ports import free_port
from tests.unit.chain.asking import asking, say
from tests.unit.chain.endpoint import Handler, Requests, echo, endpoint, failing, saying


async def test_a_batch_is_one_request_of_plain_json_rpc() -> None:
    """With a version, a method, parameters, and an id that no other question has."""
    async with asking(echo) as (rpc, (server,)):
        await rpc.batch([say("a"), say("b")])
        await rpc.ask(say("c"))

    asked = [call for batch in server.seen for call in batch]
    assert [len(batch) for batch in server.seen] == [2, 1]
    assert [(call["jsonrpc"], call["method"], call["params"]) for call in asked] == [
        ("2.0", "echo", [text]) for text in "abc"
    ]
    assert len({call["id"] for call in asked}) == 3


async def test_a_long_batch_goes_out_in_parts() -> None:
    """Public endpoints refuse more than so many calls at once."""
    texts = [str(number) for number in range(2 * CALLS_MAX + 1)]
    async with asking(echo) as (rpc, (server,)):
        assert await rpc.batch([say(text) for text in texts]) == texts

    assert sorted(len(batch) for batch in server.seen) == [1, CALLS_MAX, CALLS_MAX]


async def test_parts_of_a_batch_wait_for_the_endpoint_together() -> None:
    """But no more of them than it should see at once."""
    together, most, waiting = asyncio.Barrier(REQUESTS_MAX), 0, 0

    async def slow(requests: Requests, request: web.Request) -> web.StreamResponse:
        nonlocal most, waiting
        waiting += 1
        most = max(most, waiting)
        await together.wait()
        waiting -= 1
        return echo(requests, request)

    texts = [str(number) for number in range(2 * REQUESTS_MAX * CALLS_MAX)]
    async with asking(slow) as (rpc, _):
        assert await rpc.batch([say(text) for text in texts]) == texts

    assert most == REQUESTS_MAX


async def test_nothing_is_asked_for_nothing() -> None:
    """An empty batch costs no request."""
    async with asking(echo) as (rpc, (server,)):
        assert await rpc.batch([]) == []

    assert server.seen == []


async def drip(_: Requests, request: web.Request) -> web.StreamResponse:
    """Send a body a byte at a time, without end."""
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b" ")
        await asyncio.sleep(0.02)


async def hang(_: Requests, __: web.Request) -> web.StreamResponse:
    """Never answer."""
    await asyncio.Event().wait()
    raise AssertionError


async def cut_off(_: Requests, request: web.Request) -> web.StreamResponse:
    """Close the connection in the middle of the body."""
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b'[{"id": 1')
    assert request.transport is not None
    request.transport.close()
    return response


@pytest.mark.parametrize("handler", [drip, hang, cut_off])
async def test_a_question_ends_in_its_time(handler: Handler) -> None:
    """A slow body counts as well as a slow start."""
    began = time.monotonic()
    async with asking(handler, timeout_seconds=0.3) as (rpc, _):
        with pytest.raises(TryAgain):
            await rpc.ask(say("hello"))

        assert time.monotonic() - began < 3


async def test_an_endpoint_that_is_not_there_is_tried_again() -> None:
    """The message says where nobody was."""
    port = free_port()
    async with Rpc([f"http://127.0.0.1:{port}/secret-key"]) as rpc:
        with pytest.raises(TryAgain, match=rf"^127\.0\.0\.1:{port}: Client") as raised:
            await rpc.ask(say("hello"))

    assert "secret-key" not in str(raised.value)


@pytest.mark.parametrize(
    "first", [saying("", status=503), saying("", status=402), failing("missing trie node"), saying("garbage")]
)
async def test_another_endpoint_is_asked_where_the_first_cannot_answer(first: Handler) -> None:
    """In the order of preference, with the whole batch."""
    async with asking(first, echo, echo) as (rpc, (_, second, third)):
        assert await rpc.batch([say("a"), say("b")]) == ["a", "b"]

    assert ([len(batch) for batch in second.seen], third.seen) == ([2], [])


async def test_a_batch_in_parts_is_answered_by_one_endpoint() -> None:
    """Its answers come from one node's view: what the first endpoint said of a batch it could not end is dropped."""

    def tires(requests: Requests, request: web.Request) -> web.StreamResponse:
        return echo(requests, request) if len(requests) == CALLS_MAX else web.Response(status=503)

    texts = [str(number) for number in range(CALLS_MAX + 1)]
    async with asking(tires, echo) as (rpc, (_, second)):
        assert await rpc.batch([say(text) for text in texts]) == texts

    assert sum(len(batch) for batch in second.seen) == CALLS_MAX + 1


@pytest.mark.parametrize(
    ("first", "family"),
    [
        (failing("too many results"), AskLess),
        (failing("specify less number of address"), SplitTopics),
        (failing("execution reverted"), RunReverted),
    ],
)
async def test_a_question_that_must_change_is_not_asked_elsewhere(first: Handler, family: type[RpcError]) -> None:
    """The remedy is ours, not another endpoint's."""
    async with asking(first, echo) as (rpc, (_, second)):
        with pytest.raises(family):
            await rpc.ask(say("hello"))

    assert second.seen == []


async def test_a_refusal_that_nobody_knows_is_put_to_another_endpoint() -> None:
    """What one does not understand, another one may."""
    async with asking(failing("the method echo is unknown"), echo) as (rpc, _):
        assert await rpc.ask(say("hello")) == "hello"


async def test_where_all_fail_the_preferred_endpoint_s_word_counts() -> None:
    """It is the one an operator wants to hear of."""
    async with asking(saying("first", status=402), saying("second", status=503)) as (rpc, _):
        with pytest.raises(AskAnother, match="HTTP 402 first"):
            await rpc.ask(say("hello"))

    async with asking(failing("never heard of it"), saying("second", status=503)) as (rpc, _):
        with pytest.raises(Refused, match="never heard of it"):
            await rpc.ask(say("hello"))


async def test_an_endpoint_that_fails_is_not_asked_again_at_once() -> None:
    """The next one answers for it while it rests."""
    async with asking(saying("", status=503), echo) as (rpc, (first, second)):
        for _ in range(3):
            await rpc.ask(say("hello"))

    assert (len(first.seen), len(second.seen)) == (1, 3)


async def test_the_only_endpoint_is_asked_again_at_once() -> None:
    """It may be a server that is just starting; nobody else could be asked."""
    failing_first = iter([503, 500, 404, 503])

    def starting(requests: Requests, request: web.Request) -> web.Response:
        status = next(failing_first, None)
        return echo(requests, request) if status is None else web.Response(status=status)

    async with asking(starting) as (rpc, (server,)):
        for _ in range(4):
            with pytest.raises(TryAgain):
                await rpc.ask(say("hello"))

        assert await rpc.ask(say("hello")) == "hello"

    assert len(server.seen) == 5


async def test_a_server_that_repeats_its_path_betrays_no_key() -> None:
    """Neither in an error nor in the reason it rests for."""
    async with (
        endpoint(saying("Cannot POST /?key=s3cr3t", status=404)) as server,
        Rpc([f"{server.url}/?key=s3cr3t"]) as rpc,
    ):
        with pytest.raises(TryAgain, match="HTTP 404 Cannot POST") as raised:
            await rpc.ask(say("hello"))

    assert "s3cr3t" not in f"{raised.value!r} {rpc.endpoints[0].rests}"


async def test_two_urls_of_one_host_are_told_apart() -> None:
    """By a number."""
    async with endpoint(saying("no", status=402)) as server, Rpc([server.url, f"{server.url}/"]) as rpc:
        with pytest.raises(Rest):
            await rpc.ask(say("hello"))
        with pytest.raises(TryAgain, match=r":\d+ rests .*; 127\.0\.0\.1:\d+#2 rests"):
            await rpc.ask(say("hello"))


async def test_an_rpc_can_be_opened_again() -> None:
    """A local chain is stopped and started."""
    async with endpoint(echo) as server:
        rpc = Rpc([server.url])
        for _ in range(2):
            async with rpc:
                assert await rpc.ask(say("hello")) == "hello"
        await rpc.__aexit__(None, None, None)
