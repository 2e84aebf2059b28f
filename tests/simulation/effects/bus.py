"""
A simulated JetStream: streams that keep messages, consumers that hand them out until they are acknowledged.

Within a stream's window a message id is stored once. What was handed out and not acknowledged in time comes again. In
bad times the server is away, an answer is lost after the deed, or nothing was done; and a server may come back as it
was at an earlier time.
"""

import asyncio
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final, TypeVar

from nats.errors import TimeoutError as NatsTimeoutError
from nats.js.api import RetentionPolicy
from nats.js.errors import NoStreamResponseError, NotFoundError, ServiceUnavailableError

from tests.simulation.trace import Trace

Answer = TypeVar("Answer")

ANSWER_WITHIN_SECONDS: Final = 5.0
POLL_SECONDS: Final = 0.25
FAULTS: Final = ("lost_answer", "lost_question", "no_responders", "slow")


@dataclass(slots=True, kw_only=True)
class Stored:
    """A message in a stream."""

    sequence: int
    subject: str
    data: bytes
    headers: Mapping[str, str]
    at: float


@dataclass(slots=True, kw_only=True)
class Consumer:
    """Who takes messages: which it has been given, until when it may keep each, and how far it has got."""

    config: Any
    next: int = 1
    pending: dict[int, float] = field(default_factory=dict)
    acknowledged: set[int] = field(default_factory=set)


@dataclass(slots=True, kw_only=True)
class Stream:
    """Messages, and those who take them."""

    config: Any
    last: int = 0
    messages: dict[int, Stored] = field(default_factory=dict)
    consumers: dict[str, Consumer] = field(default_factory=dict)
    ids: dict[str, tuple[float, int]] = field(default_factory=dict)

    def takes(self, subject: str) -> bool:
        """Say whether a subject is one of the stream's."""
        return any(matches(each, subject) for each in self.config.subjects)


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledged:
    """What the stream says of a message that was published."""

    stream: str
    seq: int
    duplicate: bool


class Bus:
    """The server; `unread` are messages that it stored and nobody has looked at who watches."""

    def __init__(self, clock: Callable[[], float], dice: Random, trace: Trace) -> None:
        self.streams: dict[str, Stream] = {}
        self.is_up = True
        self.faults: tuple[str, ...] = ()
        self.likelihood = 0.0
        self.unread: list[Stored] = []
        self.losses = self.outages = 0
        self._clock = clock
        self._dice = dice
        self._trace = trace

    async def serve(self, action: Callable[[], Answer]) -> Answer:
        """Return what the action returns, after a while, or lose it on the way there or back."""
        fault = self._dice.choice(self.faults) if self.faults and self._dice.random() < self.likelihood else ""
        await asyncio.sleep(self._dice.uniform(0.0005, 0.01))
        if fault == "slow":
            await asyncio.sleep(self._dice.uniform(0.1, 3.0))
        if fault == "no_responders":
            raise NoStreamResponseError
        if fault == "lost_question" or not self.is_up:
            await asyncio.sleep(ANSWER_WITHIN_SECONDS)
            raise NatsTimeoutError
        answer = action()
        if fault == "lost_answer":
            await asyncio.sleep(ANSWER_WITHIN_SECONDS)
            raise NatsTimeoutError
        await asyncio.sleep(self._dice.uniform(0.0005, 0.01))
        return answer

    def publish(self, subject: str, data: bytes, headers: Mapping[str, str]) -> Acknowledged:
        """Store a message, unless its id is known. Raises when no stream takes the subject."""
        for name, stream in self.streams.items():
            if stream.takes(subject):
                return self._store(name, stream, subject, data, headers)
        raise NoStreamResponseError

    def take(self, stream_name: str, consumer_name: str, limit: int) -> list[Stored]:
        """Hand out messages that nobody has, those first whose time with somebody is over."""
        stream = self.streams.get(stream_name)
        consumer = stream.consumers.get(consumer_name) if stream else None
        if stream is None or consumer is None:
            raise ServiceUnavailableError
        now = self._clock()
        overdue = sorted(each for each, until in consumer.pending.items() if until <= now)
        fresh = [each for each in stream.messages if each >= consumer.next and each not in consumer.pending]
        found: list[Stored] = []
        for sequence in [*overdue, *fresh]:
            consumer.next = max(consumer.next, sequence + 1)
            message = stream.messages.get(sequence)
            if message is None:
                consumer.pending.pop(sequence, None)
            elif _wants(consumer, message.subject):
                consumer.pending[sequence] = now + (consumer.config.ack_wait or 30.0)
                found.append(message)
            if len(found) == limit:
                break
        return found

    def acknowledge(self, stream_name: str, consumer_name: str, sequence: int) -> None:
        """Hand a message out no more; a late word counts too."""
        stream = self.streams.get(stream_name)
        consumer = stream.consumers.get(consumer_name) if stream else None
        if stream is not None and consumer is not None:
            consumer.pending.pop(sequence, None)
            if stream.config.retention == RetentionPolicy.WORK_QUEUE:
                stream.messages.pop(sequence, None)

    def give_back(self, stream_name: str, consumer_name: str, sequence: int) -> None:
        """Hand a message out again at once."""
        stream = self.streams.get(stream_name)
        consumer = stream.consumers.get(consumer_name) if stream else None
        if consumer is not None and sequence in consumer.pending:
            consumer.pending[sequence] = self._clock()

    def info(self, stream_name: str, consumer_name: str | None = None) -> Any:
        """Return the configuration of a stream or a consumer. Raises `NotFoundError`."""
        stream = self.streams.get(stream_name)
        if stream is None:
            raise NotFoundError
        if consumer_name is None:
            return stream.config
        if consumer_name not in stream.consumers:
            raise NotFoundError
        return stream.consumers[consumer_name].config

    def add_stream(self, config: Any) -> Any:
        """Make a stream where there is none of that name."""
        self.streams.setdefault(config.name, Stream(config=config))
        return config

    def add_consumer(self, stream_name: str, config: Any) -> Any:
        """Make a consumer where there is none of that name. Raises `NotFoundError`."""
        if stream_name not in self.streams:
            raise NotFoundError
        self.streams[stream_name].consumers.setdefault(config.durable_name, Consumer(config=config))
        return config

    def save(self) -> dict[str, Stream]:
        """Return a copy of all that is kept."""
        return deepcopy(self.streams)

    def restore(self, saved: dict[str, Stream]) -> None:
        """Be what was saved again."""
        self.streams = deepcopy(saved)
        self.losses += 1

    def _store(self, name: str, stream: Stream, subject: str, data: bytes, headers: Mapping[str, str]) -> Acknowledged:
        message_id, now = headers.get("Nats-Msg-Id", ""), self._clock()
        at, known = stream.ids.get(message_id, (float("-inf"), 0))
        if message_id and now - at <= (stream.config.duplicate_window or 120.0):
            return Acknowledged(stream=name, seq=known, duplicate=True)
        stream.last += 1
        message = Stored(sequence=stream.last, subject=subject, data=data, headers=dict(headers), at=now)
        stream.messages[message.sequence] = message
        if message_id:
            stream.ids[message_id] = (now, message.sequence)
        self.unread.append(message)
        self._trace.note("bus", subject, data)
        return Acknowledged(stream=name, seq=message.sequence, duplicate=False)


def matches(pattern: str, subject: str) -> bool:
    """Say whether a subject fits a pattern with `*` and `>`."""
    wanted, given = pattern.split("."), subject.split(".")
    if wanted[-1] == ">":
        wanted, given = wanted[:-1], given[: len(wanted) - 1] if len(given) >= len(wanted) else []
    return len(wanted) == len(given) and all(ours in ("*", theirs) for ours, theirs in zip(wanted, given, strict=True))


def _wants(consumer: Consumer, subject: str) -> bool:
    one, several = consumer.config.filter_subject, consumer.config.filter_subjects
    patterns = [one] if one else several
    return not patterns or any(matches(pattern, subject) for pattern in patterns)
