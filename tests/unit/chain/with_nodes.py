"""Rpcs on nodes that live in virtual time, and what looks at them lead to."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from chain.calls import Call, LogFilter, logs_in
from chain.endpoint import Endpoint
from chain.errors import RpcError, TryAgain
from chain.rpc import Rpc
from models.values import BlockRange
from tests.unit.chain.nodes import Node, rpc_of
from tests.unit.chain.virtual_time import now, run

DOWN = TryAgain("connection refused")
OURS = LogFilter(address=bytes(20), topics=("0x" + "1" * 64,))


def with_rpc(act: Callable[[Rpc], Coroutine[Any, Any, Any]], *nodes: Node) -> Any:
    """Return what an act on an Rpc on these nodes returns."""

    async def main() -> Any:
        async with rpc_of(*nodes) as rpc:
            return await act(rpc)

    return run(main())


async def look(rpc: Rpc) -> str:
    """Look, and return the name of the endpoint that the look led to, or nothing."""
    try:
        return (await rpc.look()).name
    except TryAgain:
        return ""


async def looks(rpc: Rpc, seconds: float, *, every: float = 0.25) -> list[str]:
    """Look again and again, and return which endpoints that led to, without repetitions."""
    led: list[str] = []
    until = now() + seconds
    while now() < until:
        name = await look(rpc)
        if led[-1:] != [name]:
            led.append(name)
        await asyncio.sleep(every)
    return led


def logs_call(first: int = 1, last: int = 50) -> Call[Any]:
    """Return a question for logs in a range."""
    return logs_in(BlockRange(first=first, last=last), OURS)


def with_endpoint(
    node: Node, act: Callable[[Endpoint], Coroutine[Any, Any, Any]], *others: Node
) -> tuple[Endpoint, Any]:
    """Return the endpoint of a node after an act, and what the act returned."""

    async def main() -> tuple[Endpoint, Any]:
        async with rpc_of(node, *others) as rpc:
            return rpc.endpoints[0], await act(rpc.endpoints[0])

    return run(main())


async def refusal_of(endpoint: Endpoint, *calls: Call[Any]) -> RpcError:
    """Return the error that a batch ends in."""
    with pytest.raises(RpcError) as raised:
        await endpoint.batch(list(calls))
    return raised.value
