"""
An endpoint for both made-up chains, in a process of its own, and a few questions about itself.

    python -m benchmarks.ingest.server '{"bsc": {"blocks": 100, …}, "opbnb": …, "latency_ms": 0, …}'

prints the port it listens on. `/bsc` and `/opbnb` speak JSON-RPC; `/counts` tells what was asked since it was last
asked, `/grow` begins to make a block every so many seconds, and `/made` tells when each was there.
"""

import asyncio
import json
import sys
import time
from typing import Any, cast

import httptools
import msgspec
import uvloop

from benchmarks.ingest.chain_values import Counts, Order
from benchmarks.ingest.pages import Pages, number_of
from benchmarks.ingest.workload import CHAIN_IDS, CONTRACTS, Workload
from models.values import Chain

RESULTS_MAX = 10_000
REQUESTS = msgspec.json.Decoder()


class Refusal(Exception):
    """What the endpoint says instead of an answer."""


class Endpoint:
    """Answers for one chain; its head is `unmade` blocks below the last until it begins to grow."""

    def __init__(self, chain: Chain, order: Order) -> None:
        made = order.made
        self.counts = Counts()
        self.made: dict[int, float] = {}
        self._chain = chain
        self._order = order
        busy = made.blocks + (0 if made.grows_empty else made.growing)
        workload = Workload(chain=chain, blocks=busy, empty=made.empty)
        self._pages = Pages(workload, tells_time=order.tells_time)
        self._head = made.blocks + order.unfinal_blocks if not made.growing else made.blocks
        self._last = made.blocks + made.growing

    async def grow(self) -> None:
        """Make a block every so many seconds, as regularly as the clock allows."""
        began = time.monotonic()
        for count in range(1, self._last - self._head + 1):
            await asyncio.sleep(began + count * self._order.made.seconds - time.monotonic())
            self._head += 1
            self.made[self._head] = time.monotonic()

    def answer(self, body: bytes) -> bytes:
        """Answer a call or a batch."""
        asked = REQUESTS.decode(body)
        self.counts.requests += 1
        self.counts.bytes_asked += len(body)
        answer = b"[%b]" % b",".join(map(self._reply, asked)) if isinstance(asked, list) else self._reply(asked)
        self.counts.bytes_answered += len(answer)
        return answer

    def _reply(self, call: dict[str, Any]) -> bytes:
        method = call["method"]
        self.counts.calls[method] = self.counts.calls.get(method, 0) + 1
        try:
            result = self._result(method, call["params"])
        except Refusal as refusal:
            return b'{"jsonrpc":"2.0","id":%d,"error":{"code":-32602,"message":"%b"}}' % (
                call["id"],
                str(refusal).encode(),
            )
        return b'{"jsonrpc":"2.0","id":%d,"result":%b}' % (call["id"], result)

    def _result(self, method: str, parameters: list[Any]) -> bytes:
        match method:
            case "eth_getBlockByNumber":
                return self._header(self._number(parameters[0]))
            case "eth_getBlockByHash":
                return self._header(number_of(parameters[0]))
            case "eth_getLogs":
                return b"".join([b"[", self._logs(parameters[0]), b"]"])
            case "eth_blockNumber":
                return b'"0x%x"' % self._head
            case "eth_chainId":
                return b'"0x%x"' % CHAIN_IDS[self._chain]
            case "eth_getCode":
                return b'"0x60"' if parameters[0].lower() == "0x" + CONTRACTS[self._chain].hex() else b'"0x"'
        raise Refusal(f"the method {method} does not exist")

    def _header(self, number: int) -> bytes:
        return self._pages.header(number) if number <= self._head else b"null"

    def _logs(self, wanted: dict[str, Any]) -> memoryview:
        # Who asks names our contract and all its events, so the filter leaves out nothing.
        if "blockHash" in wanted:
            number = number_of(wanted["blockHash"])
            return self._pages.logs(number, number)
        first, last = self._number(wanted["fromBlock"]), min(self._number(wanted["toBlock"]), self._head)
        if last - first >= self._order.range_max:
            raise Refusal(f"exceed maximum block range: {self._order.range_max}")
        if self._pages.count(first, last) > RESULTS_MAX:
            raise Refusal(f"query returned more than {RESULTS_MAX} results")
        return self._pages.logs(first, last)

    def _number(self, name: str) -> int:
        match name:
            case "latest":
                return self._head
            case "finalized":
                return self._head - self._order.unfinal_blocks
            case _:
                return int(name, 16)


class Server:
    """Both endpoints, and what can be asked about them."""

    def __init__(self, orders: dict[Chain, Order]) -> None:
        self._endpoints = {f"/{chain}".encode(): Endpoint(chain, order) for chain, order in orders.items()}
        self._growing: list[asyncio.Task[None]] = []

    def answer(self, path: bytes, body: bytes) -> bytes:
        """Answer whatever is asked."""
        if (endpoint := self._endpoints.get(path)) is not None:
            return endpoint.answer(body)
        each = {name.decode()[1:]: endpoint for name, endpoint in self._endpoints.items()}
        match path:
            case b"/counts":
                counts = {name: endpoint.counts for name, endpoint in each.items()}
                for endpoint in each.values():
                    endpoint.counts = Counts()
                return msgspec.json.encode(counts)
            case b"/grow":
                self._growing = [asyncio.ensure_future(endpoint.grow()) for endpoint in each.values()]
            case b"/made":
                return msgspec.json.encode({name: endpoint.made for name, endpoint in each.items()})
        return b"{}"


class Connection(asyncio.Protocol):
    """One connection that is kept, for one request after the other."""

    def __init__(self, server: Server, latency_seconds: float) -> None:
        self._server = server
        self._latency_seconds = latency_seconds
        self._parser = httptools.HttpRequestParser(self)
        self._path, self._body = b"", bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where answers go."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Read on."""
        self._parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        """Take in where a request goes."""
        self._path, self._body = url, bytearray()

    def on_body(self, body: bytes) -> None:
        """Take in a part of it."""
        self._body += body

    def on_message_complete(self) -> None:
        """Answer at once, or as late as ordered."""
        answer = self._server.answer(self._path, bytes(self._body))
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(answer)
        if self._latency_seconds:
            asyncio.get_running_loop().call_later(self._latency_seconds, self._transport.writelines, [head, answer])
        else:
            self._transport.writelines([head, answer])


async def serve(orders: dict[Chain, Order], latency_seconds: float) -> None:
    """Serve what is ordered until the process ends."""
    server = Server(orders)
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: Connection(server, latency_seconds), "127.0.0.1", 0)
    sys.stdout.write(f"{listening.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    ordered = json.loads(sys.argv[1])
    uvloop.run(
        serve(
            {Chain(name): msgspec.convert(order, Order) for name, order in ordered["chains"].items()},
            ordered["latency_ms"] / 1000,
        )
    )
