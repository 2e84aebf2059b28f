"""
The endpoints of one chain: which one to ask, and whom to ask instead.

Endpoints stand in an order of preference. One that fails rests (`judge`) and the next is asked; while anybody asks,
those whose time is over are looked at beside it, and one that answers is taken back. Where head and finality are
concerned, an endpoint that lags is not in use.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from types import TracebackType
from typing import Self, TypeVar

from chain import choice
from chain.calls import Call
from chain.endpoint import Endpoint
from chain.errors import AskLess, RpcError, RunReverted, SplitTopics, TryAgain
from chain.place import names_of
from chain.transport import HttpTransport, Transport
from models.values import BlockRange

Answer = TypeVar("Answer")

LOOK_SECONDS_MIN = 1.0
"""How long lies at least between two looks at an endpoint beside the one that is asked."""


class Rpc:
    """The endpoints of one chain, in order of preference. Use as an async context manager."""

    def __init__(
        self,
        urls: Sequence[str],
        *,
        chain_id: int | None = None,
        timeout_seconds: float = 10.0,
        transport: Transport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        assert urls, "an Rpc has at least one endpoint"
        self._own: HttpTransport | None = None
        if transport is None:
            transport = self._own = HttpTransport(timeout_seconds=timeout_seconds)
        self._clock = clock
        self._looks: dict[Endpoint, asyncio.Task[RpcError | None]] = {}
        self.endpoints = tuple(
            Endpoint(
                url,
                name=name,
                rank=rank,
                alone=len(urls) == 1,
                transport=transport,
                clock=clock,
                chain_id=chain_id,
            )
            for rank, (url, name) in enumerate(zip(urls, names_of(urls), strict=True))
        )

    async def __aenter__(self) -> Self:
        if self._own is not None:
            await self._own.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        looks = list(self._looks.values())
        for look in looks:
            look.cancel()
        await asyncio.gather(*looks, return_exceptions=True)
        self._looks.clear()
        if self._own is not None:
            await self._own.__aexit__(kind, error, trace)

    async def ask(self, call: Call[Answer]) -> Answer:
        """Return the answer to one call."""
        return (await self.batch([call]))[0]

    async def batch(self, calls: Sequence[Call[Answer]]) -> list[Answer]:
        """
        Return the answers in the order of the calls, all from one endpoint. Raises an `RpcError` of a family.

        An endpoint that cannot answer, or refuses for a reason nobody knows, passes the whole batch on to the next;
        if none can, the first one's word counts.
        """
        if not calls:
            return []
        failure: RpcError | None = None
        for endpoint in self.to_ask():
            try:
                return await endpoint.batch(calls)
            except (AskLess, SplitTopics, RunReverted):
                raise
            except RpcError as error:
                failure = failure or error
        raise failure or self._nobody()

    def to_ask(self) -> Iterator[Endpoint]:
        """Return whom to ask, one after the other; those that have rested enough are looked at beside each."""
        for endpoint in self._in_turn(choice.to_ask(self.endpoints)):
            self._look_beside(endpoint, only_rested=True)
            yield endpoint

    async def look(self) -> Endpoint:
        """
        Return the most preferred endpoint in use, its head and finality as of now.

        The others are looked at beside it, and nobody waits for them.
        """
        for endpoint in self._in_turn(choice.to_look_at(self.endpoints)):
            self._look_beside(endpoint)
            error = await asyncio.shield(self._look_at(endpoint))
            if error is None and endpoint in self.in_use():
                return endpoint
        raise self._nobody()

    def in_use(self) -> list[Endpoint]:
        """Return the endpoints whose head and finality count: they do not rest, were looked at, and do not lag."""
        return choice.in_use(self.endpoints)

    def finalized(self) -> int:
        """Return what all endpoints in use hold final; it may be less than it was, which is no reason to go back."""
        heights = [endpoint.finalized for endpoint in self.in_use() if endpoint.finalized is not None]
        if not heights:
            raise self._nobody()
        return min(heights)

    def for_range(self, blocks: BlockRange, *, besides: Collection[Endpoint] = ()) -> Endpoint:
        """Return the least busy other one that can answer for these blocks. Raises `HistoryGone` and `TryAgain`."""
        return choice.for_range(self.endpoints, blocks, besides=besides, now=self._clock())

    def others_than(self, endpoint: Endpoint) -> list[Endpoint]:
        """Return the other endpoints in use, in order of preference."""
        return [other for other in self.in_use() if other is not endpoint]

    def other_than(self, endpoint: Endpoint) -> Endpoint | None:
        """Return another endpoint in use, for a second opinion, or None."""
        return next(iter(self.others_than(endpoint)), None)

    def _in_turn(self, endpoints: Sequence[Endpoint]) -> Iterator[Endpoint]:
        """Return one after the other, but for those that went to rest in the meantime."""
        return (endpoint for endpoint in endpoints if endpoint.may_be_asked)

    def _look_beside(self, asked: Endpoint, *, only_rested: bool = False) -> None:
        """Look at the others in the background, at each once a second at most."""
        now = self._clock()
        for endpoint in self.endpoints:
            due = endpoint.may_be_asked and now - endpoint.looked_at >= LOOK_SECONDS_MIN
            if endpoint is not asked and due and (endpoint.is_resting or not only_rested):
                self._look_at(endpoint)

    def _look_at(self, endpoint: Endpoint) -> asyncio.Task[RpcError | None]:
        """Return the look at an endpoint that is under way, or a new one."""
        look = self._looks.get(endpoint)
        if look is None or look.done():
            look = self._looks[endpoint] = asyncio.create_task(_look(endpoint), name=f"look at {endpoint.name}")
        return look

    def _nobody(self) -> TryAgain:
        return choice.nobody(self.endpoints, now=self._clock())


async def _look(endpoint: Endpoint) -> RpcError | None:
    try:
        await endpoint.look()
    except RpcError as error:
        return error
    return None
