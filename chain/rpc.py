"""
The endpoints of one chain: which one to ask, and whom to ask instead.

Endpoints stand in an order of preference. One that fails rests (`judge`) and the next is asked; while anybody asks,
those whose time is over are looked at beside it, and one that answers is taken back. Where head and finality are
concerned, an endpoint that lags is not in use.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self, TypeVar

from chain import judge
from chain.calls import Call
from chain.endpoint import Endpoint
from chain.errors import AskLess, HistoryGone, RpcError, RunReverted, SplitTopics, TryAgain
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
        timeout_seconds: float = 10.0,
        transport: Transport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        assert urls, "an Rpc has at least one endpoint"
        self._http = HttpTransport(timeout_seconds=timeout_seconds)
        self._clock = clock
        self._looks: dict[Endpoint, asyncio.Task[RpcError | None]] = {}
        self.endpoints = tuple(
            Endpoint(url, name=name, rank=rank, alone=len(urls) == 1, transport=transport or self._http, clock=clock)
            for rank, (url, name) in enumerate(zip(urls, names_of(urls), strict=True))
        )

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        looks = list(self._looks.values())
        for look in looks:
            look.cancel()
        await asyncio.gather(*looks, return_exceptions=True)
        await self._http.__aexit__(kind, error, trace)

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
        for endpoint in self._to_ask():
            self._look_beside(endpoint, only_rested=True)
            try:
                return await endpoint.batch(calls)
            except (AskLess, SplitTopics, RunReverted):
                raise
            except RpcError as error:
                failure = failure or error
        raise failure or self._nobody()

    async def look(self) -> Endpoint:
        """
        Return the most preferred endpoint in use, its head and finality as of now.

        The others are looked at beside it, and nobody waits for them.
        """
        # One that lagged at its last look is looked at beside the others, until it has caught up.
        for endpoint in sorted(self._to_ask(), key=self._lagging().__contains__):
            self._look_beside(endpoint)
            error = await asyncio.shield(self._look_at(endpoint))
            if error is None and endpoint in self.in_use():
                return endpoint
        raise self._nobody()

    def in_use(self) -> list[Endpoint]:
        """Return the endpoints whose head and finality count: they do not rest, were looked at, and do not lag."""
        seen = [endpoint for endpoint in self.endpoints if not endpoint.is_resting]
        best = max((endpoint.height for endpoint in seen if endpoint.height is not None), default=0)
        return [each for each in seen if each.height is not None and not judge.lags(each.height, best)]

    def finalized(self) -> int:
        """Return what all endpoints in use hold final; it may be less than it was, which is no reason to go back."""
        heights = [endpoint.finalized for endpoint in self.in_use() if endpoint.finalized is not None]
        if not heights:
            raise self._nobody()
        return min(heights)

    def for_range(self, blocks: BlockRange) -> Endpoint:
        """
        Return the least busy endpoint that can answer for these blocks, all final to it.

        Raises `HistoryGone` when nobody keeps blocks that old, `TryAgain` when nobody can answer for them now.
        """
        final = [
            endpoint
            for endpoint in self.endpoints
            if not endpoint.is_resting and endpoint.finalized is not None and endpoint.finalized >= blocks.last
        ]
        able = [endpoint for endpoint in final if endpoint.history_from <= blocks.first]
        if able:
            return min(able, key=lambda endpoint: (endpoint.under_way, endpoint.rank))
        if len(final) == len(self.endpoints):
            names = ", ".join(f"{endpoint.name} from block {endpoint.history_from}" for endpoint in final)
            raise HistoryGone(f"nobody keeps logs of blocks {blocks}, only {names}: add an archive endpoint")
        raise self._nobody(f" about blocks {blocks}")

    def other_than(self, endpoint: Endpoint) -> Endpoint | None:
        """Return another endpoint in use, for a second opinion, or None."""
        return next((other for other in self.in_use() if other is not endpoint), None)

    def _to_ask(self) -> list[Endpoint]:
        """Return whom to ask, in this order: those that do not rest, else the one that has rested enough first."""
        well = [endpoint for endpoint in self.endpoints if not endpoint.is_resting]
        rested = [endpoint for endpoint in self.endpoints if endpoint.is_resting and endpoint.may_be_asked]
        return [*well, *sorted(rested, key=_until)]

    def _lagging(self) -> list[Endpoint]:
        seen = [endpoint for endpoint in self.endpoints if not endpoint.is_resting and endpoint.height is not None]
        return [endpoint for endpoint in seen if endpoint not in self.in_use()]

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

    def _nobody(self, about: str = "") -> TryAgain:
        """Return the error that names every endpoint and why it is not asked."""
        now = self._clock()
        waits = [max(0.0, endpoint.rests.until - now) for endpoint in self.endpoints if endpoint.rests]
        states = "; ".join(f"{endpoint.name} {_state(endpoint, now)}" for endpoint in self.endpoints)
        return TryAgain(f"no endpoint can be asked{about} now: {states}", min(waits) if waits else None)


async def _look(endpoint: Endpoint) -> RpcError | None:
    try:
        await endpoint.look()
    except RpcError as error:
        return error
    return None


def _until(endpoint: Endpoint) -> float:
    return endpoint.rests.until if endpoint.rests else 0.0


def _state(endpoint: Endpoint, now: float) -> str:
    if endpoint.rests:
        return f"rests for {max(0.0, endpoint.rests.until - now):.1f} s more: {endpoint.rests.reason}"
    if endpoint.height is None:
        return "has not been looked at"
    history = f", keeps no logs before block {endpoint.history_from}" if endpoint.history_from else ""
    return f"is at block {endpoint.height}, final through {endpoint.finalized}{history}"
