"""Nodes of a chain that answer, lag, refuse or hang as a test says, behind a transport that takes no real time."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chain.errors import TryAgain
from chain.rpc import Rpc
from chain.transport import HttpAnswer
from tests.unit.chain.virtual_time import now

TIMEOUT_SECONDS = 10.0


@dataclass
class Node:
    """
    One node. `failure` is an exception to raise or an answer to give whatever it is asked.

    `logs` is what `eth_getLogs` gets: a list, or the text of an error. `latency_seconds` may exceed the transport's
    time. `lacks_block` says that it has no block by the hash it is asked for. `asked` are the methods of each batch,
    with the time it came.
    """

    height: int = 100
    trails: int = 2
    branch: str = "a"
    chain_id: int = 56
    latency_seconds: float = 0.01
    failure: Exception | HttpAnswer | None = None
    logs: list[Any] | str = field(default_factory=list)
    logs_of_many: list[Any] | str | None = None
    lacks_block: bool = False
    asked: list[tuple[float, list[str]]] = field(default_factory=list)

    @property
    def looks(self) -> list[float]:
        """When it was looked at."""
        return [time for time, methods in self.asked if methods[:2] == ["eth_getBlockByNumber"] * 2]

    async def answer(self, requests: list[dict[str, Any]]) -> HttpAnswer:
        """Return the answer to a batch."""
        self.asked.append((now(), [request["method"] for request in requests]))
        if self.latency_seconds > TIMEOUT_SECONDS:
            await asyncio.sleep(TIMEOUT_SECONDS)
            raise TryAgain(f"no whole answer within {TIMEOUT_SECONDS:g} s")
        await asyncio.sleep(self.latency_seconds)
        if isinstance(self.failure, HttpAnswer):
            return self.failure
        if self.failure is not None:
            raise self.failure
        replies = [{"id": request["id"], **self._reply(request)} for request in requests]
        return HttpAnswer(status=200, body=json.dumps(replies).encode())

    def _reply(self, request: dict[str, Any]) -> dict[str, Any]:
        match request:
            case {"method": "eth_getBlockByNumber", "params": ["latest", _]}:
                return {"result": header(self.height, self.branch)}
            case {"method": "eth_getBlockByNumber", "params": ["finalized", _]}:
                return {"result": header(max(0, self.height - self.trails), self.branch)}
            case {"method": "eth_getBlockByHash"}:
                return {"result": None if self.lacks_block else header(self.height, self.branch)}
            case {"method": "eth_getLogs", "params": [criteria]}:
                many = criteria.get("fromBlock") != criteria.get("toBlock") and self.logs_of_many is not None
                return _logs_reply(self.logs_of_many if many else self.logs)
            case {"method": "eth_chainId"}:
                return {"result": hex(self.chain_id)}
            case {"method": "echo", "params": [text]}:
                return {"result": text}
        return {"error": {"code": -32601, "message": f"the method {request['method']} is unknown to this node"}}


class Nodes:
    """A transport to nodes by their URLs."""

    def __init__(self, nodes: Mapping[str, Node]) -> None:
        self._nodes = nodes

    async def post(self, url: str, body: bytes) -> HttpAnswer:
        """Carry a batch to a node."""
        return await self._nodes[url].answer(json.loads(body))


def rpc_of(*nodes: Node, chain_id: int | None = None) -> Rpc:
    """Return an Rpc on these nodes, named a, b, c, in this order of preference, in the time of the running loop."""
    urls = {f"http://{name}": node for name, node in zip("abcdef", nodes, strict=False)}
    return Rpc(list(urls), chain_id=chain_id, transport=Nodes(urls), clock=now)


def header(number: int, branch: str = "a") -> dict[str, Any]:
    """Return a header as nodes write it."""
    digit = "1" if branch == "a" else "2"
    return {
        "number": hex(number),
        "hash": "0x" + digit * 48 + f"{number:016x}",
        "parentHash": "0x" + digit * 48 + f"{max(0, number - 1):016x}",
        "timestamp": hex(1_700_000_000 + number),
        "logsBloom": "0x" + "0" * 512,
    }


def answer_of_status(status: int, text: str = "", retry_after: str | None = None) -> HttpAnswer:
    """Return an HTTP answer without JSON."""
    return HttpAnswer(status=status, body=text.encode(), retry_after=retry_after)


def _logs_reply(logs: list[Any] | str | None) -> dict[str, Any]:
    return {"error": {"code": -32005, "message": logs}} if isinstance(logs, str) else {"result": logs}
