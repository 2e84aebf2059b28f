"""
Show that a chain is led, every two seconds: renew the lease, tell how fast we are and how the endpoints are.

It stops when another has taken over, and with it what else runs under the lease.
"""

import asyncio
from collections.abc import Callable

from chain.rpc import Rpc
from indexer import endpoint_store, lease_store
from models.values import Chain
from runtime.database import DATABASE_TROUBLE, Connection, Pool, lone_session

BEAT_SECONDS = 2.0


class Heart:
    """The beat of the leader of one chain."""

    def __init__(self, rpc: Rpc, chain: Chain, epoch: int, clock: Callable[[], float]) -> None:
        self._rpc = rpc
        self._chain = chain
        self._epoch = epoch
        self._clock = clock
        self._rate: float | None = None
        self._last: tuple[float, int] | None = None

    async def beat(self, session: Connection) -> bool:
        """
        Beat once, by a session that stays open as long as we live; return whether we still lead.

        Each statement is committed by itself: stopped between two of them, we hold nobody up.
        """
        number = await lease_store.renew(session, self._chain, self._epoch, blocks_per_second=self._rate)
        if number is None:
            return False
        await endpoint_store.write(session, self._chain, self._rpc.endpoints)
        self._measure(self._clock(), number)
        return True

    async def run(self, pool: Pool, session: Connection) -> None:
        """Beat until another leads; where the session is lost, go on by another one."""
        try:
            await self._live_by(session)
        except DATABASE_TROUBLE:
            await self._recover(pool)

    async def _recover(self, pool: Pool) -> None:
        """Find a new session as long as there are none; the follower meets the same trouble, and tells of it."""
        while True:
            await asyncio.sleep(BEAT_SECONDS / 4)
            try:
                async with lone_session(pool) as session:
                    return await self._live_by(session)
            except DATABASE_TROUBLE:
                continue

    async def _live_by(self, session: Connection) -> None:
        while await self.beat(session):
            await asyncio.sleep(BEAT_SECONDS)

    def _measure(self, now: float, number: int) -> None:
        if self._last is not None:
            newest = (number - self._last[1]) / max(now - self._last[0], 0.001)
            self._rate = newest if self._rate is None else 0.7 * self._rate + 0.3 * newest
        self._last = now, number
