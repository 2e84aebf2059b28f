"""An HTTP server on loopback that answers as a test says, well or badly."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

Requests = list[dict[str, Any]]
Handler = Callable[[Requests, web.Request], web.StreamResponse | Awaitable[web.StreamResponse]]


class Endpoint:
    """The server; `seen` are the batches it was asked."""

    def __init__(self, handler: Handler) -> None:
        self.url = ""
        self.seen: list[Requests] = []
        self._handler = handler

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one HTTP request."""
        self.seen.append(await request.json())
        answered = self._handler(self.seen[-1], request)
        return answered if isinstance(answered, web.StreamResponse) else await answered


@asynccontextmanager
async def endpoint(handler: Handler) -> AsyncIterator[Endpoint]:
    """Run an endpoint that answers by a handler."""
    opened = Endpoint(handler)
    application = web.Application()
    application.router.add_post("/", opened.answer)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        opened.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield opened
    finally:
        await runner.cleanup()


def echo(requests: Requests, _: web.Request) -> web.Response:
    """Answer each call with its first parameter."""
    return replies({"id": each["id"], "result": each["params"][0]} for each in requests)


def replies(answers: Any) -> web.Response:
    """Answer with a JSON array."""
    return web.json_response(list(answers))


def saying(text: str, status: int = 200, **headers: str) -> Handler:
    """Return a handler that says one thing whatever it is asked."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _, __: web.Response(text=text, status=status, headers=named)


def failing(message: str, data: Any = None) -> Handler:
    """Return a handler that answers each call with a JSON-RPC error."""
    error = {"code": -32000, "message": message} | ({} if data is None else {"data": data})
    return lambda requests, _: replies({"id": each["id"], "error": error} for each in requests)


def refusing(message: str) -> Handler:
    """Return a handler that answers the whole batch with one error object."""
    return saying(json.dumps({"jsonrpc": "2.0", "id": None, "error": {"code": -32000, "message": message}}))
