"""
Ask endpoints over JSON-RPC, typed and in batches.

A batch goes to one endpoint in one HTTP request, so that its answers come from one node's view. An endpoint that
cannot be reached or cannot answer passes the whole batch on to the next; whether an answer may be believed is
judged by the callers (`indexer.verify`).
"""

from collections.abc import Sequence
from itertools import count
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

import aiohttp
import msgspec

from chain.calls import Call
from chain.errors import AskAnother, RpcError, TryAgain, family_of

Answer = TypeVar("Answer")
CALLS_MAX = 100
"""How many calls go into one HTTP request; public endpoints refuse many more."""

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec raises for bytes that are not the JSON asked for, however they are not."""


class _Fault(msgspec.Struct, gc=False):
    message: str = ""
    data: Any = None


class _Reply(msgspec.Struct, gc=False):
    id: int | None = None
    result: msgspec.Raw = msgspec.Raw(b"null")
    error: _Fault | None = None


class _Request(msgspec.Struct, gc=False):
    id: int
    method: str
    params: tuple[Any, ...]
    jsonrpc: str = "2.0"


_REPLIES = msgspec.json.Decoder(list[_Reply] | _Reply)
_DECODERS: dict[Any, msgspec.json.Decoder[Any]] = {}


class Rpc:
    """The endpoints of one chain, in order of preference. Use as an async context manager."""

    def __init__(self, urls: Sequence[str], *, timeout_seconds: float = 10.0) -> None:
        self._urls = tuple(urls)
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds)
        self._ids = count(1)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=self._timeout)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def ask(self, call: Call[Answer]) -> Answer:
        """Return the answer to one call."""
        return (await self.batch([call]))[0]

    async def batch(self, calls: Sequence[Call[Answer]]) -> list[Answer]:
        """Return the answers in the order of the calls, all from one endpoint. Raises an `RpcError` of a family."""
        failure: RpcError | None = None
        for url in self._urls:
            try:
                return await self._batch_at(url, calls)
            except (AskAnother, TryAgain) as error:
                failure = failure or error
        assert failure is not None, "an Rpc has at least one endpoint"
        raise failure

    async def _batch_at(self, url: str, calls: Sequence[Call[Answer]]) -> list[Answer]:
        answers: list[Answer] = []
        for start in range(0, len(calls), CALLS_MAX):
            answers += await self._post(url, calls[start : start + CALLS_MAX])
        return answers

    async def _post(self, url: str, calls: Sequence[Call[Answer]]) -> list[Answer]:
        requests = [_Request(next(self._ids), call.method, call.parameters) for call in calls]
        where = f"{urlsplit(url).hostname}:{urlsplit(url).port or ''}".rstrip(":")
        body = await self._exchange(url, where, msgspec.json.encode(requests))
        replies = _by_id(body, where)
        return [_answer(replies.get(request.id), call, where) for request, call in zip(requests, calls, strict=True)]

    async def _exchange(self, url: str, where: str, body: bytes) -> bytes:
        assert self._session is not None, "use `async with Rpc(…)`"
        try:
            async with self._session.post(url, data=body, headers={"content-type": "application/json"}) as response:
                content = await response.read()
                _check_status(response, content, where)
                return content
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise TryAgain(f"{where}: {type(error).__name__} {error}".rstrip()) from error


def _check_status(response: aiohttp.ClientResponse, content: bytes, where: str) -> None:
    said = f"{where}: HTTP {response.status} {content[:200].decode(errors='replace')}"
    if response.status == 429:
        seconds = response.headers.get("Retry-After", "")
        raise TryAgain(said, float(seconds) if seconds.isascii() and seconds.isdigit() else None)
    if response.status in (401, 402, 403):
        raise AskAnother(said)
    if response.status == 413:
        raise family_of(f"{said} response too large")
    if response.status >= 500:
        raise TryAgain(said)


def _by_id(body: bytes, where: str) -> dict[int | None, _Reply]:
    try:
        replies = _REPLIES.decode(body)
    except UNREADABLE as error:
        raise TryAgain(f"{where}: not a JSON-RPC answer: {body[:200].decode(errors='replace')!r}") from error
    if isinstance(replies, _Reply):
        # One object for a whole batch is a refusal of the batch.
        if replies.error is not None:
            raise _failure(replies.error, where)
        replies = [replies]
    return {reply.id: reply for reply in replies}


def _answer(reply: _Reply | None, call: Call[Answer], where: str) -> Answer:
    if reply is None:
        raise TryAgain(f"{where}: no answer to {call.method} in its batch")
    if reply.error is not None:
        raise _failure(reply.error, where)
    decoder = _DECODERS.setdefault(call.answer, msgspec.json.Decoder(call.answer))
    try:
        answer: Answer = decoder.decode(reply.result)
    except UNREADABLE as error:
        raise TryAgain(f"{where}: {call.method} answered something else than asked: {error}") from error
    return answer


def _failure(fault: _Fault, where: str) -> RpcError:
    said = f"{where}: {fault.message}"
    return family_of(f"{said} ({fault.data})" if fault.data else said)
