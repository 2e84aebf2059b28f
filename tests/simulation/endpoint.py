"""
A simulated endpoint: a node behind a network, which has bad phases.

It takes the bytes of a JSON-RPC batch and returns those of an HTTP answer, after a while. In a bad phase each batch
may be spoiled by one of the phase's faults; which, and how, the seed says.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextvars import Context
from dataclasses import dataclass, replace
from random import Random
from typing import Any, Final

import msgspec

from chain.errors import TryAgain
from chain.transport import HttpAnswer
from models.values import ProofLevel
from tests.simulation import texts
from tests.simulation.blockchain import Blockchain, View
from tests.simulation.faults import HIDES, LIES_ABOUT_LOGS, OF_VIEW, hide, is_hidden, spoil
from tests.simulation.nodes import Node, Refusal, Traits
from tests.simulation.trace import Trace

TIMEOUT_SECONDS: Final = 10.0
SPOKEN: Final = {
    "say_rate": texts.RATE,
    "say_rest": texts.REST,
    "say_too_much": texts.TOO_MUCH,
    "say_head": texts.HEAD_OR_FORK,
    "say_limit_exceeded": (texts.LOGS_SWITCHED_OFF,),
}
STATUSES: Final = {"http_429": 429, "http_402": 402, "http_413": 413, "http_503": 503}
BODIES: Final = (b"", b"<html>502 Bad Gateway</html>", b"\xff\x00", b"[" * 5000, b'{"jsonrpc":"2.0"}', b"null", b"7")


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """A bad time: what may be wrong, how often, and for views how far behind or on which branch."""

    faults: tuple[str, ...]
    likelihood: float
    depth: int


class SimulatedEndpoint:
    """One endpoint of a chain, at a URL of its own."""

    def __init__(
        self,
        name: str,
        chain: Blockchain,
        *,
        traits: Traits,
        drops_in: str,
        levels: Mapping[str, ProofLevel],
        dice: Random,
        trace: Trace,
    ) -> None:
        self.name = name
        self.url = f"http://{name}.simulated"
        self.phase: Phase | None = None
        self._chain = chain
        self._traits = traits
        self._drops_in = drops_in
        self._levels = levels
        self._dice = dice
        self._trace = trace

    async def post(self, body: bytes) -> HttpAnswer:
        """Answer a batch. Raises `TryAgain` when no whole answer came in time."""
        self._trace.note("ask", self.name, body)
        fault = self._draw_fault()
        await asyncio.sleep(self._dice.uniform(0.002, 0.04))
        try:
            answer = await self._answer(fault, msgspec.json.decode(body))
        except TryAgain as error:
            self._trace.note("silent", self.name, str(error).encode())
            raise
        self._trace.note("answer", self.name, b"%d %s" % (answer.status, answer.body))
        await asyncio.sleep(self._dice.uniform(0.002, 0.04))
        return answer

    def _draw_fault(self) -> str:
        if self.phase is None or self._dice.random() >= self.phase.likelihood:
            return ""
        return self._dice.choice(self.phase.faults)

    async def _answer(self, fault: str, requests: list[dict[str, Any]]) -> HttpAnswer:
        if fault == "timeout":
            await asyncio.sleep(TIMEOUT_SECONDS)
            raise TryAgain(f"{self.name}: no answer within {TIMEOUT_SECONDS} s")
        if fault == "slow":
            await asyncio.sleep(self._dice.uniform(0.2, 3.0))
        if fault in STATUSES:
            retry_after = self._dice.choice((None, "1", "3", "120", "soon")) if fault == "http_429" else None
            return HttpAnswer(status=STATUSES[fault], body=b"no", retry_after=retry_after)
        if fault == "garbage":
            return HttpAnswer(status=200, body=self._dice.choice(BODIES))
        if fault == "error_for_all":
            return _encoded({"jsonrpc": "2.0", "id": None, "error": {"code": -32005, "message": texts.RATE[0]}})
        body = _encoded(self._batch(fault, requests))
        if fault == "closed":
            # HTTP says so where the length was announced; a proxy in between may hide it.
            if self._dice.random() < 0.5:
                raise TryAgain(f"{self.name}: the connection was closed mid-body")
            return HttpAnswer(status=200, body=body.body[: self._dice.randrange(len(body.body))])
        return body

    def _batch(self, fault: str, requests: list[dict[str, Any]]) -> Any:
        node = self._node(fault)
        other = self._other_node(node, fault, requests)
        middle = self._dice.randrange(len(requests))
        replies = [self._reply(node if at <= middle else other, fault, request) for at, request in enumerate(requests)]
        if fault == HIDES and _asks_headers(requests):
            # The last block would be found out by the next range only, when it is final already.
            numbers = [each["params"][0] for each in requests if each["params"][0][:2] == "0x"]
            last = max(numbers, key=lambda number: int(number, 16), default="")
            replies = [
                reply if each["params"][0] in (last, "finalized") else _hidden(reply)
                for each, reply in zip(requests, replies, strict=True)
            ]
        victim = self._dice.randrange(len(replies))
        match fault:
            case "missing_id":
                del replies[victim]
            case "wrong_id":
                replies[victim] = replies[victim] | {"id": 1_000_000_007}
            case "duplicate_id":
                replies[victim] = replies[victim] | {"id": replies[0]["id"]}
            case "shuffled_batch":
                self._dice.shuffle(replies)
            case "not_an_answer":
                replies[victim] = {"id": replies[victim]["id"], "result": {"what": 7}}
        return replies

    def _node(self, fault: str) -> Node:
        """Return who answers a batch."""
        return Node(self._chain, self._view(fault), self._traits, self._dice)

    def _other_node(self, node: Node, fault: str, requests: list[dict[str, Any]]) -> Node:
        """Return who answers the second part of a batch; only headers that must link would show that it is another."""
        if fault == "mixed" and _asks_headers(requests):
            return replace(node, view=self._chain.orphaned_view(0))
        return node

    def _view(self, fault: str) -> View:
        depth = self.phase.depth if self.phase else 0
        match fault:
            case "lag":
                return self._chain.view(behind=depth)
            case "orphan":
                return self._chain.orphaned_view(depth // 5)
            case "finalized_ahead":
                late = self._chain.view(behind=depth)
                return View(genesis=late.genesis, blocks=late.blocks, finalized=self._chain.finalized)
            case _:
                return self._chain.view()

    def _reply(self, node: Node, fault: str, request: dict[str, Any]) -> dict[str, Any]:
        envelope = {"jsonrpc": "2.0", "id": request["id"]}
        method, parameters = request["method"], request["params"]
        if fault in SPOKEN and (method == "eth_getLogs" or fault not in ("say_limit_exceeded", "say_too_much")):
            return envelope | {"error": {"code": -32000, "message": self._dice.choice(SPOKEN[fault])}}
        try:
            result = node.answer(method, parameters)
        except Refusal as refusal:
            return envelope | {"error": refusal.wire}
        if fault in OF_VIEW or (fault in LIES_ABOUT_LOGS and not self._may_drop(parameters)):
            return envelope | {"result": result}
        return envelope | {"result": spoil(fault, method, parameters, result, levels=self._levels, dice=self._dice)}

    def _may_drop(self, parameters: list[Any]) -> bool:
        is_by_hash = bool(parameters) and isinstance(parameters[0], dict) and "blockHash" in parameters[0]
        return is_by_hash == (self._drops_in == "hash")


class Network:
    """Every endpoint, by URL; what one simulated process has of it speaks as a `Transport` does."""

    def __init__(self, endpoints: list[SimulatedEndpoint]) -> None:
        self._endpoints = {endpoint.url: endpoint for endpoint in endpoints}

    def at(self, url: str) -> SimulatedEndpoint:
        """Return the endpoint of a URL."""
        return self._endpoints[url]


class SimulatedTransport:
    """
    The network as one process sees it. The far end goes on while the process stands still.

    Where `outlives`, the far end also does what a process asked for that is killed meanwhile. `on_call` is called once
    a question is on its way.
    """

    def __init__(
        self,
        network: Network,
        outside: Any,
        is_dead: Callable[[], bool],
        *,
        outlives: bool,
        on_call: Callable[[], None],
    ) -> None:
        self._network = network
        self._outside = outside
        self._is_dead = is_dead
        self._outlives = outlives
        self._on_call = on_call

    async def post(self, url: str, body: bytes) -> HttpAnswer:
        """Return what the endpoint answered."""
        if self._is_dead():
            raise asyncio.CancelledError
        loop = asyncio.get_running_loop()
        answered = loop.create_task(self._network.at(url).post(body), context=self._outside.copy())
        self._on_call()
        return await (shielded(answered) if self._outlives else answered)


def shielded(task: "asyncio.Task[Any]") -> "asyncio.Future[Any]":
    """Return what waits for a task that goes on when nobody waits any more, and whose failure then is nobody's."""
    task.add_done_callback(lambda done: done.cancelled() or done.exception(), context=Context())
    return asyncio.shield(task)


def _asks_headers(requests: list[dict[str, Any]]) -> bool:
    named = [each["params"][0] for each in requests if each["method"] == "eth_getBlockByNumber"]
    return len(named) == len(requests) and "latest" not in named


def _hidden(reply: dict[str, Any]) -> dict[str, Any]:
    header = reply.get("result")
    return reply | {"result": hide(header)} if header and is_hidden(header["number"]) else reply


def _encoded(content: Any) -> HttpAnswer:
    return HttpAnswer(status=200, body=msgspec.json.encode(content))
