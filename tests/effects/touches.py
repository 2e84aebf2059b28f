"""
Every touch of Postgres, NATS and a chain by the program in this process: named, counted, and deadly if so ordered.

A touch is named for the function of ours that asks and for what it asks, so that its name says where the program died
and stays the same from run to run. It happens at the libraries' own doors, below all that we have written: whatever is
written anew, its touches are found.
"""

import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from types import FrameType
from typing import Any

import psycopg
from nats.aio.client import Client
from nats.js.client import JetStreamContext
from psycopg.transaction import AsyncTransaction

from chain.transport import HttpTransport

ROOMS = {"dispatch", "chain", "runtime", "models", "lamda"}
WORDS_MAX = 4
Told = Callable[[str], None]
Describe = Callable[..., str]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Point:
    """A place to die: at which touch, at its how manyeth time (from 1), and whether after it."""

    touch: str
    time: int
    after: bool

    def __str__(self) -> str:
        return f"{'after' if self.after else 'before'} {self.touch} ({self.time})"


class Touches:
    """The touches of this process; each is told, and at `deadly` the process ends as by kill -9."""

    def __init__(self, tell: Told, deadly: Point | None) -> None:
        self._tell = tell
        self._deadly = deadly
        self._times: Counter[str] = Counter()

    def watch(self) -> None:
        """Put ourselves between the libraries and whoever calls them."""
        self._wrap_connect()
        self._wrap(psycopg.AsyncCursor, "execute", lambda _, query, *__, **___: _statement(query))
        self._wrap(psycopg.AsyncCursor, "executemany", lambda _, query, *__, **___: _statement(query))
        self._wrap(psycopg.AsyncConnection, "commit", lambda _: "commit")
        self._wrap(psycopg.AsyncConnection, "rollback", lambda _: "rollback")
        self._wrap(AsyncTransaction, "__aenter__", lambda _: "begin")
        self._wrap(AsyncTransaction, "__aexit__", lambda _, kind, *__: "rollback" if kind else "commit")
        self._wrap(Client, "publish", lambda _, subject, *__, **___: f"publish {_subject(subject)}", settle=_flush)
        self._wrap(Client, "request", lambda _, subject, *__, **___: f"request {_subject(subject)}")
        self._wrap(Client, "subscribe", lambda _, subject, *__, **___: f"subscribe {_subject(subject)}", settle=_flush)
        self._wrap(JetStreamContext.PullSubscription, "fetch", lambda *_, **__: "fetch")
        self._wrap(HttpTransport, "post", lambda _, __, body: _methods(body))

    def _wrap_connect(self) -> None:
        connect = psycopg.AsyncConnection.connect.__func__  # type: ignore[attr-defined]  # A class method has one.
        touched = self._touched(connect, lambda *_, **__: "connect")
        psycopg.AsyncConnection.connect = classmethod(touched)  # type: ignore[method-assign,assignment]

    def _wrap(self, owner: Any, name: str, describe: Describe, *, settle: Any = None) -> None:
        setattr(owner, name, self._touched(getattr(owner, name), describe, settle=settle))

    def _touched(self, original: Any, describe: Describe, *, settle: Any = None) -> Any:
        @wraps(original)
        async def touched(*arguments: Any, **named: Any) -> Any:
            touch = f"{_place(sys._getframe(1))}: {describe(*arguments, **named)}"
            self._times[touch] += 1
            time = self._times[touch]
            self._pass(Point(touch=touch, time=time, after=False))
            result = await original(*arguments, **named)
            point = Point(touch=touch, time=time, after=True)
            if settle is not None and point == self._deadly:
                await settle(arguments[0])
            self._pass(point)
            return result

        return touched

    def _pass(self, point: Point) -> None:
        if point == self._deadly:
            self._tell("died")
            os.kill(os.getpid(), signal.SIGKILL)
        if not point.after:
            self._tell(f"touch {point.touch}")


async def _flush(client: Client) -> None:
    """Return when the server has what was sent: until then, to die after sending is to die before it."""
    await client.flush()


def _place(frame: FrameType | None) -> str:
    """Return the innermost function of the reactor that led here, or at least of ours."""
    ours = [each for each in _frames(frame) if _module(each).partition(".")[0] in ROOMS]
    found = next((each for each in ours if _module(each).startswith("dispatch.")), ours[0] if ours else None)
    return "library" if found is None else f"{_module(found)}.{found.f_code.co_name}"


def _frames(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))


def _statement(query: Any) -> str:
    text = query.decode() if isinstance(query, bytes) else str(query)
    if not text:
        return "check connection"
    return " ".join(text.split()[:WORDS_MAX])[:50]


def _subject(subject: str) -> str:
    """Return what kind of subject it is, without whoever it belongs to."""
    parts = subject.split(".")
    if "_INBOX" in parts:
        return "_INBOX"
    if parts[:2] == ["$JS", "ACK"]:
        return "$JS.ACK"
    return ".".join(part for part in parts if not part.startswith("0x"))


def _methods(body: bytes) -> str:
    calls = json.loads(body)
    return " ".join(dict.fromkeys(call["method"] for call in (calls if isinstance(calls, list) else [calls])))
