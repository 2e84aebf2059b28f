"""Who an agent deals with: the API that gives it a credential, and whoever hands jobs out and takes reports in."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from nats.js.api import AckPolicy, ConsumerConfig

from dispatch import route
from dispatch.job_values import Attempt, Spec
from dispatch.streams import Streams
from runtime.bus import Bus
from runtime.database import Pool
from runtime.embedded_nats import EmbeddedNats
from tests.integration.devnet.site import Question

SPEC = Spec(docker_image="alpine:3", input_url=None, output_bucket="results", output_name="out.tar")
ACKNOWLEDGE_WITHIN_SECONDS = 0.5


class Ministry:
    """The API as an agent sees it: it gives credentials to whoever signs in, and says where jobs stand."""

    def __init__(self, pool: Pool, nats: EmbeddedNats) -> None:
        self._pool = pool
        self._nats = nats
        self.status: str | None = None
        self.credentials_given = 0
        self.lifetime = timedelta(hours=1)

    async def answer(self, question: Question) -> tuple[int, Any]:
        """Answer one question."""
        if "agentCredential" not in question.document:
            return 200, {"data": {"job": {"status": self.status} if self.status else None}}
        self.credentials_given += 1
        token, expires_at = f"token {self.credentials_given}", datetime.now(UTC) + self.lifetime
        async with self._pool.connection() as connection:
            await connection.execute(
                "insert into agent_credentials values (sha256(%s), decode(substr(%s, 3), 'hex'), %s)",
                (token.encode(), question.address, expires_at),
            )
        credential = {
            "url": f"nats://{self._nats.address}",
            "token": token,
            "expiresAt": expires_at.isoformat(),
            "dispatchSubject": f"jobs.dispatch.{question.address}",
            "statusSubject": f"agents.{question.address}.status",
        }
        return 200, {"data": {"agentCredential": credential}}


class Office:
    """Who hands jobs out and takes reports in."""

    def __init__(self, bus: Bus, provider: bytes) -> None:
        self.streams = Streams(bus)
        self.provider = provider
        self._bus = bus
        self._heard: list[tuple[int, str, str]] = []

    async def open(self) -> "Office":
        """Make the provider's consumer, with less patience than usual."""
        config = ConsumerConfig(
            durable_name=route.consumer_name(self.provider),
            filter_subject=route.dispatch_subject(self.provider),
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=ACKNOWLEDGE_WITHIN_SECONDS,
        )
        await self._bus.jetstream.add_consumer(route.JOBS_STREAM, config)
        return self

    async def hand_out(self, number: int, *, attempt: int = 1, to: bytes | None = None, retry: int = 0) -> None:
        """Send a job, whose token names it and the attempt."""
        job_id, token = number.to_bytes(32), f"{number}/{attempt}"
        made = Attempt(job_id=job_id, number=attempt, provider=to or self.provider, token=token, retry=retry)
        message = route.message(made, SPEC)
        subject = route.dispatch_subject(self.provider)
        await self._bus.jetstream.publish(subject, message.payload, headers={"Nats-Msg-Id": message.message_id})

    async def heard(self, count: int) -> list[tuple[str, str]]:
        """Return the token and status of all reports, once there are so many."""
        reports = await self.streams.reports()
        async with asyncio.timeout(15):
            while len(self._heard) < count:
                for message in await fetched(reports):
                    body = json.loads(message.data)
                    self._heard.append((int(body["jobId"], 16), body["token"], body["status"]))
                    await message.ack_sync()
        await reports.unsubscribe()
        return [(token, status) for _, token, status in self._heard]

    async def is_done(self) -> bool:
        """Say whether every message was acknowledged."""
        info = await self._bus.jetstream.consumer_info(route.JOBS_STREAM, route.consumer_name(self.provider))
        return (info.num_pending, info.num_ack_pending) == (0, 0)


async def fetched(subscription: Any) -> Any:
    """Return the messages that are there."""
    try:
        return await subscription.fetch(50, timeout=0.2)
    except TimeoutError:
        return []
