"""
A load client that costs a fraction of what it measures: plain sockets, each asking when its last answer is in.

Requests are bytes made beforehand, and of an answer only its length is read.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from typing import cast

LENGTH, HEADERS_END = b"content-length: ", b"\r\n\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where to ask."""

    port: int
    path: str = "/graphql"
    host: str = "127.0.0.1"

    def request(self, body: bytes) -> bytes:
        """Return a request as it goes over the wire."""
        lines = [
            f"POST {self.path} HTTP/1.1",
            f"Host: {self.host}:{self.port}",
            "Content-Type: application/json",
            "Accept: application/json",
            f"Content-Length: {len(body)}",
        ]
        return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass(slots=True)
class Measured:
    """How long each request took, in `seconds` of all connections together."""

    seconds: float = 0.0
    took: list[float] = field(default_factory=list)
    answer: bytes = b""

    @property
    def per_second(self) -> float:
        """Requests a second."""
        return len(self.took) / self.seconds

    def milliseconds(self, share: float) -> float:
        """Return what this share of all requests took at most."""
        return sorted(self.took)[int(len(self.took) * share)] * 1000

    def add(self, other: "Measured") -> None:
        """Count what was measured in another round."""
        self.seconds += other.seconds
        self.took += other.took
        self.answer = other.answer


class _Asker(asyncio.Protocol):
    def __init__(self, requests: Iterator[bytes], measured: Measured, until: float) -> None:
        self._requests = requests
        self._measured = measured
        self._until = until
        self._received = b""
        self._expected: int | None = None
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclasses of asyncio's.
        self._transport = cast("asyncio.WriteTransport", transport)
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._received = self._received + data if self._received else data
        if self._expected is None:
            self._expected = _length(self._received)
        if self._expected is not None and len(self._received) >= self._expected:
            self._answered()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server hung up"))

    def _answered(self) -> None:
        now = time.perf_counter()
        self._measured.took.append(now - self._asked_at)
        self._measured.answer, self._received, self._expected = self._received, b"", None
        if now < self._until:
            self._ask()
        else:
            self.done.set_result(None)
            self._transport.close()

    def _ask(self) -> None:
        self._asked_at = time.perf_counter()
        self._transport.write(next(self._requests))


async def measure(target: Target, bodies: Sequence[bytes], *, connections: int, seconds: float) -> Measured:
    """Ask over so many connections for so long; bodies take turns."""
    began = time.perf_counter()
    measured, requests = Measured(), cycle([target.request(body) for body in bodies])
    askers = [_Asker(requests, measured, began + seconds) for _ in range(connections)]
    for asker in askers:
        await _connect(target, asker)
    await asyncio.gather(*(asker.done for asker in askers))
    measured.seconds = time.perf_counter() - began
    return measured


async def _connect(target: Target, asker: _Asker) -> None:
    await asyncio.get_running_loop().create_connection(lambda: asker, target.host, target.port)


def _length(received: bytes) -> int | None:
    """Return how long an answer is with its headers, once they are there."""
    end = received.find(HEADERS_END)
    if end < 0:
        return None
    headers = received[:end].lower()
    if LENGTH not in headers:
        raise ConnectionError(f"an answer without a length: {headers.decode(errors='replace')}")
    return end + len(HEADERS_END) + int(headers.partition(LENGTH)[2].partition(b"\r")[0])
