"""
An endpoint that stands before a real chain and changes what it says.

Everything is passed on to the chain and back, until a test gives a `meddle`: it sees each call with the real result
and returns the result to tell instead, or a `Complaint`; or it raises `HangUp`, and the line is cut without an answer,
or `TooOften`.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp import web

Call = dict[str, Any]
Meddle = Callable[[Call, Any], Any]


class HangUp(Exception):
    """Cut the line instead of answering."""


class TooOften(Exception):
    """Answer HTTP 429, and ask for a minute's rest."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """An error to tell instead of a result."""

    message: str


def honest(_: Call, result: Any) -> Any:
    """Tell what the chain said."""
    return result


class Meddler:
    """The endpoint; `calls` are all that it was asked."""

    def __init__(self, behind: str, session: aiohttp.ClientSession) -> None:
        self.url = ""
        self.meddle: Meddle = honest
        self.calls: list[Call] = []
        self._behind = behind
        self._session = session

    async def answer(self, request: web.Request) -> web.Response:
        """Pass a batch on and change its answers."""
        try:
            return await self._answer(request)
        except TooOften:
            return web.Response(status=429, headers={"Retry-After": "60"}, text="Too Many Requests")
        except HangUp:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()

    async def _answer(self, request: web.Request) -> web.Response:
        calls = await request.json()
        self.calls += calls
        async with self._session.post(self._behind, json=calls) as response:
            replies = {reply["id"]: reply for reply in await response.json()}
        for call in calls:
            reply = replies[call["id"]]
            if "result" in reply:
                _tell(reply, self.meddle(call, reply["result"]))
        return web.json_response(list(replies.values()))


def _tell(reply: dict[str, Any], result: Any) -> None:
    if isinstance(result, Complaint):
        del reply["result"]
        reply["error"] = {"code": -32000, "message": result.message}
    else:
        reply["result"] = result


@asynccontextmanager
async def meddling(behind: str) -> AsyncIterator[Meddler]:
    """Run a meddler before the chain at `behind`."""
    async with aiohttp.ClientSession() as session:
        meddler = Meddler(behind, session)
        application = web.Application()
        application.router.add_post("/", meddler.answer)
        runner = web.AppRunner(application)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            meddler.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            yield meddler
        finally:
            await runner.cleanup()
