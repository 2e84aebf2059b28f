"""
The streams and consumers on the bus.

    JOBS      jobs.dispatch.>                                keeps each message for a week, whoever took it
    REPORTS   agents.*.status and the two shared subjects    keeps a report until a reactor has dealt with it

We make them; agents may not. One that is there already is left as its operator set it.

Each subject of REPORTS is a lane of its own: one that is full takes no more, which its sender is told, and what is in
it stays. The lanes of single agents are read apart from the shared ones, so that a flood there delays nobody here.
"""

from dataclasses import replace
from datetime import timedelta

from nats.errors import ConnectionReconnectingError
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DeliverPolicy,
    DiscardPolicy,
    RetentionPolicy,
    StorageType,
    StreamConfig,
)
from nats.js.client import JetStreamContext
from nats.js.errors import NotFoundError

from dispatch import route
from dispatch.decode import PAYLOAD_MAX
from dispatch.job_values import Message
from runtime.bus import Bus

PullSubscription = JetStreamContext.PullSubscription

KEPT = timedelta(days=7)
DUPLICATES_KNOWN_FOR = timedelta(hours=1)
JOBS_PER_PROVIDER_MAX = 10_000
REPORT_IDS_KNOWN_FOR = timedelta(seconds=0.1)
"""The least there is. The server knows message ids by stream: an agent could use up those that another will use."""

LANE_MAX = 1_000
"""How many reports of one subject may wait. An agent that floods delays others by as many at most."""

STREAM_BYTES_MAX = 256 * 1024 * 1024
# Above what is read, so that we count who exceeds that; the server turns down the rest.
REPORT_BYTES_MAX = 2 * PAYLOAD_MAX
ACKNOWLEDGE_WITHIN = timedelta(seconds=30)
READER = "reactor"
SHARED_READER = "reactor-shared"

JOBS = StreamConfig(
    name=route.JOBS_STREAM,
    subjects=[route.JOBS_SUBJECTS],
    storage=StorageType.FILE,
    retention=RetentionPolicy.LIMITS,
    max_age=KEPT.total_seconds(),
    max_msgs_per_subject=JOBS_PER_PROVIDER_MAX,
    max_bytes=STREAM_BYTES_MAX,
    duplicate_window=DUPLICATES_KNOWN_FOR.total_seconds(),
)
REPORTS = StreamConfig(
    name=route.REPORTS_STREAM,
    subjects=[route.OWN_REPORTS, *route.SHARED_REPORTS],
    storage=StorageType.FILE,
    retention=RetentionPolicy.WORK_QUEUE,
    max_age=KEPT.total_seconds(),
    discard=DiscardPolicy.NEW,
    discard_new_per_subject=True,
    max_msgs_per_subject=LANE_MAX,
    max_msg_size=REPORT_BYTES_MAX,
    duplicate_window=REPORT_IDS_KNOWN_FOR.total_seconds(),
    max_bytes=STREAM_BYTES_MAX,
)

REPORTS_READER = ConsumerConfig(
    durable_name=READER,
    filter_subject=route.OWN_REPORTS,
    ack_policy=AckPolicy.EXPLICIT,
    deliver_policy=DeliverPolicy.ALL,
    # What a reactor took and died with comes again after this.
    ack_wait=10.0,
)
SHARED_REPORTS_READER = replace(
    REPORTS_READER, durable_name=SHARED_READER, filter_subject=None, filter_subjects=list(route.SHARED_REPORTS)
)


class Streams:
    """What the reactor keeps on the bus."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def ensure(self) -> None:
        """Make the streams, and our own consumers of reports, where they are missing."""
        await self._ensure_streams()
        for reader in (REPORTS_READER, SHARED_REPORTS_READER):
            await self._ensure_consumer(route.REPORTS_STREAM, reader)

    async def ensure_consumer(self, provider: bytes) -> None:
        """Make the consumer that keeps a provider's jobs while its agent is away, where it is missing."""
        consumer = ConsumerConfig(
            durable_name=route.consumer_name(provider),
            filter_subject=route.dispatch_subject(provider),
            ack_policy=AckPolicy.EXPLICIT,
            deliver_policy=DeliverPolicy.ALL,
            ack_wait=ACKNOWLEDGE_WITHIN.total_seconds(),
        )
        await self._ensure_consumer(route.JOBS_STREAM, consumer)

    async def publish(self, message: Message) -> None:
        """Return when the stream has the message, now or from an earlier time."""
        if not self._bus.client.is_connected:
            # Not handed to nats-py: it would send the message long after we have given up on it.
            raise ConnectionReconnectingError
        await self._bus.jetstream.publish(
            message.subject, message.payload, headers={"Nats-Msg-Id": message.message_id}, stream=route.JOBS_STREAM
        )

    async def reports(self) -> PullSubscription:
        """Return the subscription that reports of agents' own subjects are fetched from."""
        return await self._bus.jetstream.pull_subscribe_bind(READER, stream=route.REPORTS_STREAM)

    async def shared_reports(self) -> PullSubscription:
        """Return the subscription that reports of the two shared subjects are fetched from."""
        return await self._bus.jetstream.pull_subscribe_bind(SHARED_READER, stream=route.REPORTS_STREAM)

    async def _ensure_streams(self) -> None:
        for stream in (JOBS, REPORTS):
            await self._ensure_stream(stream)

    async def _ensure_stream(self, stream: StreamConfig) -> None:
        assert stream.name is not None
        try:
            await self._bus.jetstream.stream_info(stream.name)
        except NotFoundError:
            await self._bus.jetstream.add_stream(stream)

    async def _ensure_consumer(self, stream: str, consumer: ConsumerConfig) -> None:
        assert consumer.durable_name is not None
        try:
            await self._bus.jetstream.consumer_info(stream, consumer.durable_name)
        except NotFoundError:
            # Perhaps the stream is missing too: a server that lost its folder has neither.
            await self._ensure_streams()
            await self._bus.jetstream.add_consumer(stream, consumer)
