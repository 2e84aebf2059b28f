"""Whatever an endpoint does, a question ends within its time in an answer or in an error with a remedy."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from aiohttp import web

from chain.calls import Call, header
from chain.endpoint import CALLS_MAX
from chain.errors import AskAnother, AskLess, Refused, RpcError, TryAgain
from chain.rpc import Rpc
from runtime.ports import free_port
from tests.unit.chain.endpoint import Endpoint, Handler, Requests, echo, endpoint, failing, refusing, replies, saying


def say(text: str) -> Call[str]:
    """Return a question whose answer is the text."""
    return Call("echo", (text,), str)


@asynccontextmanager
async def asking(*handlers: Handler, timeout_seconds: float = 5.0) -> AsyncIterator[tuple[Rpc, list[Endpoint]]]:
    """Open an Rpc on endpoints that answer by these handlers, in this order of preference."""
    async with AsyncExitStack() as stack:
        endpoints = [await stack.enter_async_context(endpoint(handler)) for handler in handlers]
        urls = [each.url for each in endpoints]
        yield await stack.enter_async_context(Rpc(urls, timeout_seconds=timeout_seconds)), endpoints


async def refusal_of(handler: Handler) -> RpcError:
    """Return the error that one question ends in."""
    async with asking(handler) as (rpc, _):
        with pytest.raises(RpcError) as raised:
            await rpc.ask(say("hello"))
    return raised.value


async def test_answers_come_in_the_order_of_the_questions() -> None:
    """However the endpoint orders them."""

    def backwards(requests: Requests, request: web.Request) -> web.Response:
        return echo(requests[::-1], request)

    async with asking(backwards) as (rpc, _):
        assert await rpc.batch([say("a"), say("b"), say("c")]) == ["a", "b", "c"]


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

    assert [len(batch) for batch in server.seen] == [CALLS_MAX, CALLS_MAX, 1]


async def test_nothing_is_asked_for_nothing() -> None:
    """An empty batch costs no request."""
    async with asking(echo) as (rpc, (server,)):
        assert await rpc.batch([]) == []

    assert server.seen == []


async def test_null_is_an_answer_where_there_may_be_none() -> None:
    """A node without the block says null."""
    async with asking(lambda requests, _: replies({"id": each["id"], "result": None} for each in requests)) as (rpc, _):
        assert await rpc.ask(header(5)) is None


USELESS: dict[str, Handler] = {
    "wrong ids": lambda requests, _: replies({"id": each["id"] + 1_000, "result": "x"} for each in requests),
    "no ids": lambda requests, _: replies({"result": "x"} for _ in requests),
    "ids as text": lambda requests, _: replies({"id": str(each["id"]), "result": "x"} for each in requests),
    "no answers": lambda _, __: replies([]),
    "an answer of another type": lambda requests, _: replies({"id": each["id"], "result": 7} for each in requests),
    "an answer that is null": lambda requests, _: replies({"id": each["id"], "result": None} for each in requests),
    "an answer without result": lambda requests, _: replies({"id": each["id"]} for each in requests),
    "an error that is text": lambda requests, _: replies({"id": each["id"], "error": "no"} for each in requests),
    "nothing": saying(""),
    "HTML": saying("<html>502 Bad Gateway</html>"),
    "half of it": saying('[{"id": 1, "result": "x'),
    "a number": saying("42"),
    "a list of numbers": saying("[1, 2]"),
    "null": saying("null"),
    "not UTF-8": lambda _, __: web.Response(body=b'[{"id": 1, "result": "\xff\xfe"}]'),
    "a surrogate": saying('[{"id": 1, "result": "\\ud800"}]'),
    "a well without bottom": saying("[" * 100_000),
    "a well in the result": saying('[{"id": 1, "result": ' + "[" * 100_000),
    "not found": saying("no such page", status=404),
    "an internal error": saying("oops", status=500),
    "a bad gateway": saying("<html>", status=502),
    "unavailable": saying("", status=503),
}


@pytest.mark.parametrize("handler", USELESS.values(), ids=USELESS.keys())
async def test_what_is_no_answer_is_asked_again(handler: Handler) -> None:
    """Garbage says nothing about the question; the message says which endpoint it came from."""
    error = await refusal_of(handler)

    assert type(error) is TryAgain
    assert str(error).startswith("127.0.0.1:")


@pytest.mark.parametrize(
    ("handler", "family"),
    [
        (saying("slow down", status=429), TryAgain),
        (saying("", status=401), AskAnother),
        (saying("payment required", status=402), AskAnother),
        (saying("", status=403), AskAnother),
        (saying("", status=413), AskLess),
        (failing("query timeout exceeded"), AskLess),
        (refusing("block range is too wide"), AskLess),
        (refusing("rate limit exceeded"), TryAgain),
        (failing("missing trie node"), AskAnother),
        (failing("invalid argument 0"), Refused),
        (refusing("batch requests are not allowed"), Refused),
        (saying('{"error": {"message": "limit exceeded"}}', status=400), AskAnother),
    ],
)
async def test_a_refusal_has_its_remedy(handler: Handler, family: type[RpcError]) -> None:
    """By HTTP status, by an error of one call, by one error for the whole batch."""
    assert type(await refusal_of(handler)) is family


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("", None),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
        ("-1", None),
        ("1.5", None),
        ("²", None),
    ],
)
async def test_retry_after_is_honoured(retry_after: str, seconds: float | None) -> None:
    """Where it is a number of seconds."""
    error = await refusal_of(saying("slow down", status=429, Retry_After=retry_after))

    assert isinstance(error, TryAgain)
    assert error.after_seconds == seconds


@pytest.mark.parametrize("data", ["exceed maximum block range: 500", {"reason": "exceed maximum block range: 500"}])
async def test_a_limit_in_the_data_of_an_error_is_found(data: object) -> None:
    """Some endpoints say the telling part there."""
    error = await refusal_of(failing("Invalid request", data))

    assert isinstance(error, AskLess)
    assert error.limit == 500


async def test_a_limit_in_what_we_asked_is_not_taken_for_theirs() -> None:
    """Only what the endpoint says is read, never the question that it echoes."""
    handler = saying(json.dumps({"error": {"message": "no"}, "request": "exceed maximum block range: 500"}))

    assert type(await refusal_of(handler)) is Refused


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


@pytest.mark.parametrize(("first", "family"), [(failing("too many results"), AskLess), (failing("bad input"), Refused)])
async def test_a_question_that_must_change_is_not_asked_elsewhere(first: Handler, family: type[RpcError]) -> None:
    """The remedy is ours, not another endpoint's."""
    async with asking(first, echo) as (rpc, (_, second)):
        with pytest.raises(family):
            await rpc.ask(say("hello"))

    assert second.seen == []


async def test_where_all_fail_the_preferred_endpoint_s_word_counts() -> None:
    """It is the one an operator wants to hear of."""
    async with asking(saying("first", status=402), saying("second", status=503)) as (rpc, _):
        with pytest.raises(AskAnother, match="HTTP 402 first"):
            await rpc.ask(say("hello"))
