"""
The streams and consumers on the bus.

    JOBS      jobs.dispatch.>                                keeps each message for a week, whoever took it
    REPORTS   agents.*.status and the two shared subjects    keeps a report until a reactor has dealt with it

We make them; agents may not. One that is there already is left as its operator set it.
"""

from datetime import timedelta

from nats.errors import ConnectionReconnectingError
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, RetentionPolicy, StorageType, StreamConfig
from nats.js.client import JetStreamContext
from nats.js.errors import NotFoundError

from dispatch import route
from dispatch.job_values import Message
from runtime.bus import Bus

PullSubscription = JetStreamContext.PullSubscription

KEPT = timedelta(days=7)
DUPLICATES_KNOWN_FOR = timedelta(hours=1)
MESSAGES_PER_SUBJECT_MAX = 10_000
ACKNOWLEDGE_WITHIN = timedelta(seconds=30)
READER = "reactor"

JOBS = StreamConfig(
    name=route.JOBS_STREAM,
    subjects=[route.JOBS_SUBJECTS],
    storage=StorageType.FILE,
    retention=RetentionPolicy.LIMITS,
    max_age=KEPT.total_seconds(),
    max_msgs_per_subject=MESSAGES_PER_SUBJECT_MAX,
    duplicate_window=DUPLICATES_KNOWN_FOR.total_seconds(),
)
REPORTS = StreamConfig(
    name=route.REPORTS_STREAM,
    subjects=[route.OWN_REPORTS, *route.SHARED_REPORTS],
    storage=StorageType.FILE,
    retention=RetentionPolicy.WORK_QUEUE,
    max_age=KEPT.total_seconds(),
    max_msgs_per_subject=MESSAGES_PER_SUBJECT_MAX,
)

REPORTS_READER = ConsumerConfig(
    durable_name=READER,
    ack_policy=AckPolicy.EXPLICIT,
    deliver_policy=DeliverPolicy.ALL,
    # What a reactor took and died with comes again after this.
    ack_wait=10.0,
)


class Streams:
    """What the reactor keeps on the bus."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def ensure(self) -> None:
        """Make the streams, and our own consumer of reports, where they are missing."""
        await self._ensure_streams()
        await self._ensure_consumer(route.REPORTS_STREAM, REPORTS_READER)

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
        """Return the subscription that reports are fetched from."""
        return await self._bus.jetstream.pull_subscribe_bind(READER, stream=route.REPORTS_STREAM)

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
