"""Questions put to servers on loopback."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from chain.calls import Call
from chain.errors import RpcError
from chain.rpc import Rpc
from tests.unit.chain.endpoint import Endpoint, Handler, endpoint


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
