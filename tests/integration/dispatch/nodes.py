"""A node of a chain that passes on what it is asked, until it stands still."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from chain.errors import RpcError
from tests.integration.local_chain import LocalChain
from tests.unit.chain.endpoint import Requests, endpoint, replies

Reply = dict[str, Any]
Says = Callable[[dict[str, Any]], Reply | None]


def honestly(_: dict[str, Any]) -> Reply | None:
    """Leave every answer to the chain."""
    return None


@dataclass
class Node:
    """A node at a URL; `says` is what it answers on its own once it is set, and None where the chain answers."""

    url: str = ""
    says: Says = honestly


@asynccontextmanager
async def node_of(chain: LocalChain) -> AsyncIterator[Node]:
    """Run another node of a chain."""
    node = Node()

    async def answer(requests: Requests, _: web.Request) -> web.StreamResponse:
        return replies([{"id": each["id"]} | (node.says(each) or await _ask(chain, each)) for each in requests])

    async with endpoint(answer) as server:
        node.url = server.url
        yield node


def standing_still(request: dict[str, Any]) -> Reply | None:
    """Answer like a node that has none of the newer blocks: some questions with an error, and most with nothing."""
    if any(isinstance(each, dict) and "blockHash" in each for each in request["params"]):
        return {"error": {"code": -32000, "message": "header not found"}}
    unknown = {"eth_getBlockByNumber", "eth_getBlockByHash", "eth_getTransactionReceipt", "eth_getTransactionByHash"}
    return {"result": None} if request["method"] in unknown else None


def standing_still_for_receipts(request: dict[str, Any]) -> Reply | None:
    """Answer like a load balancer that sends what is asked with these questions to such a node."""
    return {"result": None} if request["method"] in {"eth_getBlockByNumber", "eth_getTransactionReceipt"} else None


async def _ask(chain: LocalChain, request: dict[str, Any]) -> Reply:
    try:
        return {"result": await chain.ask(request["method"], *request["params"])}
    except RpcError as error:
        return {"error": {"code": -32000, "message": str(error)}}
