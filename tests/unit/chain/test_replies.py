"""Whatever an endpoint answers, a question ends in its answer or in an error with a remedy."""

import json

import pytest
from aiohttp import web

from chain.calls import header
from chain.errors import AskAnother, AskLess, HistoryGone, Refused, Rest, RpcError, RunReverted, SplitTopics, TryAgain
from tests.unit.chain.asking import asking, refusal_of, say
from tests.unit.chain.endpoint import Handler, Requests, echo, failing, refusing, replies, saying


async def test_answers_come_in_the_order_of_the_questions() -> None:
    """However the endpoint orders them."""

    def backwards(requests: Requests, request: web.Request) -> web.Response:
        return echo(requests[::-1], request)

    async with asking(backwards) as (rpc, _):
        assert await rpc.batch([say("a"), say("b"), say("c")]) == ["a", "b", "c"]


async def test_null_is_an_answer_where_there_may_be_none() -> None:
    """A node without the block says null."""
    async with asking(lambda requests, _: replies({"id": each["id"], "result": None} for each in requests)) as (rpc, _):
        assert await rpc.ask(header(5)) is None


USELESS: dict[str, Handler] = {
    "wrong ids": lambda requests, _: replies({"id": each["id"] + 1_000, "result": "x"} for each in requests),
    "no ids": lambda requests, _: replies({"result": "x"} for _ in requests),
    "ids as text": lambda requests, _: replies({"id": str(each["id"]), "result": "x"} for each in requests),
    "an id twice": lambda requests, _: replies({"id": each["id"], "result": "x"} for each in [*requests, *requests]),
    "an id too many": lambda requests, _: replies(
        {"id": each["id"] + more, "result": "x"} for each in requests for more in (0, 1)
    ),
    "one object": lambda requests, _: web.json_response({"id": requests[0]["id"], "result": "x"}),
    "a redirect": saying("", status=307, Location="http://127.0.0.1/"),
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
        (saying("", status=401), Rest),
        (saying("payment required", status=402), Rest),
        (saying("", status=403), Rest),
        (saying("", status=413), AskLess),
        (failing("query timeout exceeded"), AskLess),
        (refusing("block range is too wide"), AskLess),
        (refusing("rate limit exceeded"), TryAgain),
        (failing("missing trie node"), HistoryGone),
        (failing("invalid argument 0"), Refused),
        (refusing("batch requests are not allowed"), Refused),
        (saying('{"error": {"message": "limit exceeded"}}', status=400), AskAnother),
        (saying('{"error": {"message": "Monthly capacity limit exceeded"}}', status=429), Rest),
        (saying('{"error": {"message": "query timeout exceeded"}}', status=503), AskLess),
        (saying('{"error": {"message": "nobody knows"}}', status=500), TryAgain),
        (saying("Archive requests require a personal token", status=403), HistoryGone),
        (saying("Too Many Requests", status=403), TryAgain),
        (saying("upgrade your tier", status=400), Rest),
        (saying('{"message": "API rate limit exceeded"}'), TryAgain),
        (saying('{"error": "chain is not available on free plan"}'), Rest),
        (failing("exceed max addresses or topics per search position"), SplitTopics),
        (failing("execution reverted: not the owner"), RunReverted),
    ],
)
async def test_a_refusal_has_its_remedy(handler: Handler, family: type[RpcError]) -> None:
    """By HTTP status, by an error of one call, by one error for the whole batch."""
    assert type(await refusal_of(handler)) is family


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("one object", "one object instead of a list of answers"),
        ("an id twice", "2 answers in a batch of 1 questions"),
        ("no answers", "no answer to echo in its batch"),
        ("wrong ids", "no answer to echo in its batch"),
        ("an answer of another type", "echo answered something else than asked: Expected `str`, got `int`"),
        ("HTML", "not a JSON-RPC answer: HTTP 200 '<html>502 Bad Gateway</html>'"),
        ("unavailable", "HTTP 503"),
    ],
)
async def test_what_is_no_answer_has_a_clear_cause(name: str, cause: str) -> None:
    """An operator should see at once whose fault it is."""
    assert cause in str(await refusal_of(USELESS[name]))


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("", None),
        ("Wed, 21 Oct 2026 07:28:12 GMT", 12.0),
        ("-1", None),
        ("1.5", None),
        ("²", None),
    ],
)
async def test_retry_after_is_honoured(retry_after: str, seconds: float | None) -> None:
    """Where it is a number of seconds, or a date, by the server's own clock."""
    date = "Wed, 21 Oct 2026 07:28:00 GMT"
    error = await refusal_of(saying("slow down", status=429, Retry_After=retry_after, Date=date))

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
