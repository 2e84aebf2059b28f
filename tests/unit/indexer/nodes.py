"""A chain of blocks with logs of ours and of strangers, and nodes that tell of it as a test says."""

import json
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from chain.rpc import Rpc
from chain.transport import HttpAnswer
from indexer.reader import Reader
from indexer.values import Followed
from models.values import BlockRange, Chain, ProofLevel
from tests.simulation.blockchain import Blockchain, View
from tests.simulation.nodes import Node, Refusal, Traits
from tests.unit.chain.virtual_time import now, run

CONTRACT = b"\xb5" * 20
FOLLOWED = Followed(chain=Chain.BSC, chain_id=56, contract=CONTRACT, start_block=1)
EVERY_LEVEL = list(ProofLevel)

Tell = Callable[[str, list[Any], Any], Any]


def honest(_: str, __: list[Any], result: Any) -> Any:
    """Tell what is true."""
    return result


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One node: what it can do, what it sees of the chain, and what it makes of a true result."""

    traits: Traits = field(default_factory=Traits)
    view: View | None = None
    tell: Tell = honest


class Nodes:
    """A transport to nodes by their URLs; `asked` are the methods that each was asked, in order."""

    def __init__(self, chain: Blockchain, nodes: Mapping[str, Told]) -> None:
        self.asked: dict[str, list[str]] = {url: [] for url in nodes}
        self._chain = chain
        self._nodes = nodes

    async def post(self, url: str, body: bytes) -> HttpAnswer:
        """Carry a batch to a node."""
        told = self._nodes[url]
        node = Node(self._chain, told.view or self._chain.view(), told.traits, Random(1))
        requests = json.loads(body)
        self.asked[url] += [request["method"] for request in requests]
        replies = [{"id": request["id"], **_reply(node, told, request)} for request in requests]
        return HttpAnswer(status=200, body=json.dumps(replies).encode())


def chain_of(blocks: int = 60, *, seed: int = 3, finality_lag: int = 4) -> Blockchain:
    """Return a chain of so many blocks behind its genesis."""
    chain = Blockchain(
        Chain.BSC, contract=CONTRACT, first=0, finality_lag=finality_lag, has_milliseconds=False, dice=Random(seed)
    )
    for number in range(blocks):
        chain.mine(number * 0.45)
    return chain


def reading(
    chain: Blockchain,
    act: Callable[[Reader], Coroutine[Any, Any, Any]],
    *nodes: Told,
    head_level: ProofLevel = ProofLevel.BLOOM,
) -> tuple[Any, list[list[str]]]:
    """Return what an act on a reader of these nodes returns, after a look, and what each node was asked after it."""
    urls = {f"http://{name}": told for name, told in zip("abcdef", nodes or (Told(),), strict=False)}
    transport = Nodes(chain, urls)

    async def main() -> Any:
        async with Rpc(list(urls), transport=transport, clock=now) as rpc:
            for endpoint in rpc.endpoints:
                await endpoint.look()
            for asked in transport.asked.values():
                asked.clear()
            return await act(Reader(rpc, FOLLOWED, head_level=head_level))

    return run(main()), list(transport.asked.values())


def true_logs(chain: Blockchain, blocks: BlockRange) -> list[tuple[int, int]]:
    """Return the positions of our logs in a range, as the chain has them."""
    topics = set(FOLLOWED.log_filter.topics)
    return [
        (block.number, index)
        for block in chain.canonical
        if blocks.first <= block.number <= blocks.last
        for index, log in enumerate(block.logs)
        if log.address == CONTRACT and log.topics and "0x" + log.topics[0].hex() in topics
    ]


def _reply(node: Node, told: Told, request: dict[str, Any]) -> dict[str, Any]:
    method, parameters = request["method"], request["params"]
    try:
        return {"result": told.tell(method, parameters, node.answer(method, parameters))}
    except Refusal as refusal:
        return {"error": refusal.wire}
