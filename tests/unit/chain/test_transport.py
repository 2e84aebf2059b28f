"""Whatever a server does, a question ends in its time, in a whole answer or in a clear cause."""

import asyncio
import gzip
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from chain.errors import AskLess, RpcError, TryAgain
from chain.transport import HttpAnswer, HttpTransport, retry_after
from runtime.ports import free_port
from tests.unit.chain.endpoint import Handler, Requests, endpoint, saying

LARGE = 100_000
Server = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def answer_to(url: str, *, timeout_seconds: float = 5.0) -> HttpAnswer:
    """Return what a URL answers to an empty batch, if it is not large."""
    async with HttpTransport(timeout_seconds=timeout_seconds, answer_bytes_max=LARGE) as transport:
        return await transport.post(url, b"[]")


async def answer_of(handler: Handler) -> HttpAnswer:
    """Return what a server answers."""
    async with endpoint(handler) as server:
        return await answer_to(server.url)


async def trouble_with(url: str) -> tuple[RpcError, float]:
    """Return the error that a short question ends in, and the seconds it took."""
    began = time.monotonic()
    with pytest.raises(RpcError) as raised:
        await answer_to(url, timeout_seconds=0.3)
    return raised.value, time.monotonic() - began


@asynccontextmanager
async def raw_server(serve: Server) -> AsyncIterator[str]:
    """Run a server that need not speak HTTP; its connections are closed when it stops."""
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}/secret-key?token=secret-word"


async def test_an_answer_comes_whole() -> None:
    """Whatever its status."""
    assert HttpAnswer(status=503, body=b"busy", retry_after="7") == await answer_of(
        saying("busy", status=503, Retry_After="7")
    )


async def test_a_packed_answer_is_unpacked() -> None:
    """As many endpoints send them."""

    def packed(_: Requests, __: web.Request) -> web.Response:
        return web.Response(body=gzip.compress(b"[1]"), headers={"Content-Encoding": "gzip"})

    assert (await answer_of(packed)).body == b"[1]"


@pytest.mark.parametrize("pack", [False, True])
async def test_an_answer_without_end_is_left(pack: bool) -> None:
    """It counts unpacked: a small one may hold a very large one."""
    body = b" " * (LARGE + 1)

    def large(_: Requests, __: web.Request) -> web.Response:
        return web.Response(
            body=gzip.compress(body) if pack else body, headers={"Content-Encoding": "gzip"} if pack else {}
        )

    with pytest.raises(AskLess, match="larger than 100000 bytes"):
        await answer_of(large)


async def test_a_broken_packing_is_trouble() -> None:
    """Not a crash."""

    def broken(_: Requests, __: web.Request) -> web.Response:
        return web.Response(body=b"no gzip at all", headers={"Content-Encoding": "gzip"})

    with pytest.raises(TryAgain):
        await answer_of(broken)


async def test_a_redirect_is_not_followed() -> None:
    """The question, and the key in its URL, would go to a stranger."""
    async with endpoint(saying("[]")) as stranger:
        answer = await answer_of(saying("", status=307, Location=stranger.url))

    assert answer.status == 307
    assert stranger.seen == []


async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read everything and say nothing, like a connection whose other end is gone."""
    await reader.read()
    writer.close()


async def hanging_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Close the connection at once."""
    writer.close()


async def another_protocol(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer in no HTTP."""
    await reader.readline()
    writer.write(b"SSH-2.0-OpenSSH_9.6\r\n")
    await writer.drain()
    writer.close()


async def endless_headers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send headers without end."""
    await reader.readline()
    writer.write(b"HTTP/1.1 200 OK\r\n")
    try:
        while True:
            writer.write(b"X-More: more\r\n")
            await writer.drain()
            await asyncio.sleep(0.01)
    except ConnectionError:
        writer.close()


async def half_a_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Break off in the middle."""
    await reader.readline()
    writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n[{"id": 1')
    await writer.drain()
    writer.close()


async def a_bad_chunk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Announce a part of a length that is no number."""
    await reader.readline()
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
    await writer.drain()
    await reader.read()
    writer.close()


@pytest.mark.parametrize("serve", [silence, hanging_up, another_protocol, endless_headers, half_a_body, a_bad_chunk])
async def test_a_server_that_misbehaves_ends_the_question_in_its_time(serve: Server) -> None:
    """With a cause, and without path or query of the URL."""
    async with raw_server(serve) as url:
        error, took = await trouble_with(url)

    assert type(error) is TryAgain
    assert str(error) != ""
    assert "secret" not in repr(error)
    assert error.__cause__ is None
    assert took < 3


@pytest.mark.parametrize(
    "url",
    [
        "http://user:secret@127.0.0.1:{port}/secret",
        "ftp://127.0.0.1/secret",
        "http://127.0.0.1:99999/secret",
        "http://[::1/secret",
        "secret",
    ],
)
async def test_a_url_that_leads_nowhere_is_trouble(url: str) -> None:
    """And is not shown."""
    error, took = await trouble_with(url.format(port=free_port()))

    assert type(error) is TryAgain
    assert "secret" not in repr(error)
    assert took < 3


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("7", "7"),
        (" 0 ", "0"),
        ("Wed, 21 Oct 2026 07:28:30 GMT", "30"),
        ("Wed, 21 Oct 2026 07:27:00 GMT", "0"),
        ("Wed, 21 Oct 2026 07:28:30 -0000", None),
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("²", None),
        ("soon", None),
    ],
)
def test_how_long_to_wait_is_read_in_both_forms(said: str, seconds: str | None) -> None:
    """A date is reckoned from the date of the answer: clocks differ."""
    assert retry_after({"Retry-After": said, "Date": "Wed, 21 Oct 2026 07:28:00 GMT"}) == seconds


def test_a_date_without_a_date_to_reckon_from_says_nothing() -> None:
    """Nor does an answer without the header."""
    assert retry_after({"Retry-After": "Wed, 21 Oct 2026 07:28:30 GMT"}) is None
    assert retry_after({}) is None
