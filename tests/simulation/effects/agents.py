"""
Well-behaved agents: each runs a job once, and once more for a greater retry than it knows; remembers it for good, and
says so again when the job comes again.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from nats.errors import Error

from models.values import checksum_address
from tests.simulation.effects.bus_client import BusClient, Message

FETCH_SECONDS: Final = 5.0
REPORTS_TRIED: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One job that was run, by whom, when and for which retry."""

    job_id: bytes
    provider: bytes
    at: float
    retry: int


class Agent:
    """The program on one provider's machine; `sign_in` is called when the bus does not know it."""

    def __init__(
        self,
        provider: bytes,
        bus: BusClient,
        *,
        sign_in: Callable[[bytes], Any],
        clock: Callable[[], float],
        dice: Random,
    ) -> None:
        self.provider = provider
        self.address = checksum_address(provider)
        self.runs: list[Run] = []
        self.astray: list[str] = []
        self.came: Counter[bytes] = Counter()
        self.is_away = False
        self._known_outages = -1
        self._bus = bus
        self._sign_in = sign_in
        self._clock = clock
        self._dice = dice
        self._done: dict[bytes, tuple[dict[str, Any], str]] = {}
        self._retries: dict[bytes, int] = {}

    async def work(self) -> None:
        """Take jobs for ever."""
        while True:
            try:
                await self._take_some()
            except TimeoutError:
                # Nothing came.
                continue
            except Error:
                await self._come_back()

    def restart(self) -> None:
        """Have it sign in again before it takes another job."""
        self._known_outages = -1

    async def _take_some(self) -> None:
        while self.is_away:
            self._known_outages = -1
            await asyncio.sleep(1)
        if self._known_outages != (outages := self._bus.outages):
            await self._come_back()
            self._known_outages = outages
        subscription = await self._bus.pull_subscribe_bind(self.address, stream="JOBS")
        for message in await subscription.fetch(1, timeout=FETCH_SECONDS):
            await self._take(message)

    async def _come_back(self) -> None:
        """Sign in again, and say the last word on each job once more: the bus may have lost it."""
        await asyncio.sleep(0.5)
        with suppress(Error):
            await self._sign_in(self.provider)
            for job, status in list(self._done.values()):
                await self._report(job, status)

    async def _take(self, message: Message) -> None:
        job = json.loads(message.data)
        if job["provider"] != self.address or message.subject != f"jobs.dispatch.{self.address}":
            self.astray.append(f"{self.address} got {message.subject} for {job['provider']}")
            await message.ack()
            return
        job_id = bytes.fromhex(job["jobId"][2:])
        self.came[job_id] += 1
        if job_id not in self._done or job["retry"] > self._retries[job_id]:
            # On disk before it begins: an agent that dies now never runs it again.
            self._done[job_id] = (job, "processing")
            self._retries[job_id] = job["retry"]
            await self._report(job, "processing")
            self.runs.append(Run(job_id=job_id, provider=self.provider, at=self._clock(), retry=job["retry"]))
            await asyncio.sleep(self._dice.uniform(0.05, 3.0))
            self._done[job_id] = (job, self._dice.choice(("completed", "completed", "failed")))
        self._done[job_id] = (job, self._done[job_id][1])
        await self._report(*self._done[job_id])
        await message.ack()

    async def _report(self, job: dict[str, Any], status: str) -> None:
        body = {"jobId": job["jobId"], "token": job["token"], "status": status, "message": "simulated"}
        for _ in range(REPORTS_TRIED):
            try:
                await self._bus.publish(f"agents.{self.address}.status", json.dumps(body).encode())
            except Error:
                await asyncio.sleep(0.5)
            else:
                return
