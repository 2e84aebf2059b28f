"""Agents as docs/agents.md wants them: each runs a job once, and acknowledges it when its reports are stored."""

import asyncio
import json
from collections import Counter
from contextlib import suppress
from typing import Any

from nats.errors import Error
from nats.js.errors import APIError

from dispatch import route
from models.values import parse_bytes32
from runtime.embedded_nats import EmbeddedNats
from tests.integration.dispatch.agency import Agent

AWAY = (Error, APIError, OSError, TimeoutError)
FETCH_SECONDS = 0.2
PAUSE_SECONDS = 0.05
SLOW_EVERY, SLOW_SECONDS = 3, 0.5
"""Some jobs an agent only looks at before it says anything: a reactor must not hand them over twice meanwhile."""

CONNECT_SECONDS_MAX = 0.5
"""How long nobody may mind the door; then the agent knocks again."""


class WellBehaved:
    """
    A provider's agent.

    `runs` counts how often it ran each job, `handed` how often it was handed each attempt; `said` are its reports.
    """

    def __init__(self, address: bytes, token: str, server: EmbeddedNats) -> None:
        self.runs: Counter[bytes] = Counter()
        self.handed: Counter[tuple[bytes, int]] = Counter()
        self.not_ours: list[dict[str, Any]] = []
        self.said: list[dict[str, Any]] = []
        self._address = address
        self._token = token
        self._server = server
        self._leaves = False

    async def serve(self) -> None:
        """Take jobs until cancelled; come again whenever the line is lost or nobody minds the door."""
        while True:
            self._leaves = False
            agent = Agent(self._address, self._token)
            try:
                async with asyncio.timeout(CONNECT_SECONDS_MAX):
                    await agent.connect(self._server)
                await self._take_jobs(agent)
            except AWAY:
                await asyncio.sleep(PAUSE_SECONDS)
            finally:
                with suppress(*AWAY):
                    await agent.client.close()

    def sign_in(self, token: str) -> None:
        """Have it show another credential from the next time on that it comes in."""
        self._token = token

    def come_again(self) -> None:
        """Have it leave once it has dealt with what it has taken, and come in by the door again."""
        self._leaves = True

    async def _take_jobs(self, agent: Agent) -> None:
        jobs = await agent.client.jetstream().pull_subscribe_bind(agent.address, stream=route.JOBS_STREAM)
        while agent.client.is_connected and not self._leaves:
            with suppress(TimeoutError):
                for message in await jobs.fetch(10, timeout=FETCH_SECONDS):
                    await self._deal_with(json.loads(message.data), agent)
                    await message.ack()

    async def _deal_with(self, job: dict[str, Any], agent: Agent) -> None:
        job_id = parse_bytes32(job["jobId"])
        self.handed[job_id, job["attempt"]] += 1
        if job["provider"] != agent.address:
            self.not_ours.append(job)
            return
        if int.from_bytes(job_id) % SLOW_EVERY == 0:
            await asyncio.sleep(SLOW_SECONDS)
        if not self.runs[job_id]:
            await self._report(agent, job, "processing")
            self.runs[job_id] += 1
        await self._report(agent, job, "completed")

    async def _report(self, agent: Agent, job: dict[str, Any], status: str) -> None:
        await agent.report(parse_bytes32(job["jobId"]), job["token"], status)
        self.said.append({"jobId": job["jobId"], "token": job["token"], "status": status})
