"""A server that lets wallets sign in and answers everything else as a test says."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import siwe  # type: ignore[import-untyped]  # It has no annotations.
from aiohttp import web

from runtime.ports import free_port

NONCE = "abcdefgh12345678"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What somebody asked, and who: nobody, or the address that the session is of."""

    document: str
    variables: dict[str, Any]
    token: str
    address: str | None


Answer = Callable[[Question], Awaitable[tuple[int, Any]]]


class Site:
    """One such server. Sessions have the tokens `session 1`, `session 2`, …"""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.signed_in: list[str] = []

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one question."""
        body = await request.json()
        if "signInNonce" in body["query"]:
            return web.json_response({"data": {"signInNonce": NONCE}})
        if "signIn(" in body["query"]:
            return web.json_response({"data": {"signIn": {"token": self._let_in(body["variables"])}}})
        status, answer = await self.answer(self._question(request, body))
        return web.Response(status=status, text=answer if isinstance(answer, str) else json.dumps(answer))

    def _let_in(self, proof: dict[str, str]) -> str:
        message = siwe.SiweMessage.from_message(proof["message"])
        message.verify(proof["signature"], nonce=NONCE, domain=self.url.removeprefix("http://"))
        self.signed_in.append(message.address)
        return f"session {len(self.signed_in)}"

    def _question(self, request: web.Request, body: dict[str, Any]) -> Question:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        number = int(token.removeprefix("session ") or 0)
        address = self.signed_in[number - 1] if number else None
        return Question(document=body["query"], variables=body["variables"], token=token, address=address)


@asynccontextmanager
async def open_site(answer: Answer) -> AsyncIterator[Site]:
    """Run such a server for as long as the block lasts."""
    site, app = Site(answer), web.Application()
    app.router.add_post("/graphql", site.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", site.port).start()
    yield site
    await runner.cleanup()
