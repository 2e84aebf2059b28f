"""
Write questions as one JSON-RPC batch, and read what the endpoint made of it.

An endpoint can fail the batch as a whole (by HTTP status, by one error for everything, by nonsense) or in single
calls. The former is raised; the latter stands in the place of the call's answer, so that whoever reads on knows which
question it was. Only `message` and `data` of an error are matched, never a request that it echoes.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from chain.calls import Call
from chain.errors import DENIED_SECONDS, AskAnother, AskLess, Cause, Refused, Rest, RpcError, TryAgain, family_of
from chain.transport import HttpAnswer

TEXT_MAX = 1_000
"""How many characters of what an endpoint says are read, and kept in a message."""

STATUSES = {401, 402, 403, 413, 429}
"""The HTTP statuses that say more than the body."""

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec raises for bytes that are not the JSON asked for, however they are not."""


class _Fault(msgspec.Struct, gc=False):
    message: str = ""
    data: Any = None


class _Reply(msgspec.Struct, gc=False):
    id: int | None = None
    result: msgspec.Raw = msgspec.Raw(b"null")
    error: _Fault | str | None = None
    # Gateways in front of a node say `{"message": …}` and no more.
    message: Any = None


class _Request(msgspec.Struct, gc=False):
    id: int
    method: str
    params: tuple[Any, ...]
    jsonrpc: str = "2.0"


_REPLIES = msgspec.json.Decoder(list[_Reply] | _Reply)
_DECODERS: dict[Any, msgspec.json.Decoder[Any]] = {}


def write(asked: Mapping[int, Call[Any]]) -> bytes:
    """Return the batch that asks these questions, each by its id."""
    return msgspec.json.encode([_Request(number, call.method, call.parameters) for number, call in asked.items()])


def read(http: HttpAnswer, asked: Mapping[int, Call[Any]]) -> list[Any]:
    """Return for each question its answer, or the error that it got instead. Raises what befell the whole batch."""
    try:
        said = _REPLIES.decode(http.body)
    except UNREADABLE as error:
        text = http.body[:200].decode(errors="replace")
        if http.status >= 400:
            raise _by_status(http, text) from error
        raise TryAgain(f"not a JSON-RPC answer: HTTP {http.status} {text!r}") from error
    replies = said if isinstance(said, list) else []
    refusal = _refusal([said] if isinstance(said, _Reply) else [reply for reply in replies if reply.id is None])
    if http.status in STATUSES or http.status >= 500:
        raise _by_status(http, str(refusal or _refusal(replies) or ""))
    if refusal:
        raise refusal
    if isinstance(said, _Reply):
        raise TryAgain("one object instead of a list of answers")
    by_id = _by_id(replies, asked)
    return [_answer(by_id[number], call) for number, call in asked.items()]


def _refusal(replies: Sequence[_Reply]) -> RpcError | None:
    """Return the first error among the replies."""
    return next((error for reply in replies if (error := _error(reply)) is not None), None)


def _error(reply: _Reply) -> RpcError | None:
    """Return the error that a reply is, if it is one, for what it says in its message and its data."""
    match reply:
        case _Reply(error=_Fault(message=message, data=data)):
            said = message[:TEXT_MAX] or "an error without words"
            return family_of(f"{said} ({str(data)[:TEXT_MAX]})" if data else said)
        case _Reply(error=str(message)) | _Reply(error=None, message=str(message)):
            # Not JSON-RPC. What nobody knows in it says nothing about the question.
            family = family_of(message[:TEXT_MAX])
            return TryAgain(f"not a JSON-RPC answer: {family}") if type(family) is Refused else family
    return None


def _by_status(http: HttpAnswer, text: str) -> RpcError:
    said = f"HTTP {http.status} {text}".rstrip()
    family = family_of(said)
    seconds = http.retry_after or ""
    after = float(seconds) if seconds.isascii() and seconds.isdigit() else None
    match http.status, family:
        case 429, RpcError() if not isinstance(family, Rest):
            return TryAgain(said, after, cause=Cause.RATE)
        case 402, RpcError() if not isinstance(family, AskAnother):
            return Rest(said)
        case 413, RpcError() if not isinstance(family, AskLess):
            return AskLess(said)
        case 401 | 403, RpcError() if type(family) is Refused:
            return Rest(said, DENIED_SECONDS)
        case _, TryAgain(cause=cause):
            return TryAgain(said, after, cause=cause)
        case _:
            return TryAgain(said, after) if type(family) is Refused else family


def _by_id(replies: Sequence[_Reply], asked: Mapping[int, Call[Any]]) -> dict[int | None, _Reply]:
    found = {reply.id: reply for reply in replies}
    missing = [call.method for number, call in asked.items() if number not in found]
    if missing:
        raise TryAgain(f"no answer to {missing[0]} in its batch")
    if len(replies) != len(asked):
        raise TryAgain(f"{len(replies)} answers in a batch of {len(asked)} questions")
    return found


def _answer(reply: _Reply, call: Call[Any]) -> Any:
    # Asked first, because nearly every reply is an answer.
    if (reply.error, reply.message) != (None, None) and (error := _error(reply)) is not None:
        return error
    decoder = _DECODERS.get(call.answer)
    if decoder is None:
        decoder = _DECODERS[call.answer] = msgspec.json.Decoder(call.answer)
    try:
        return decoder.decode(reply.result)
    except UNREADABLE as error:
        return TryAgain(f"{call.method} answered something else than asked: {error}")
