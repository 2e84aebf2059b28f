"""Time is counted once, for what it was spent on; events near the head are told one by one, but not without end."""

import pytest
from structlog.testing import capture_logs

from indexer import event_log
from indexer.bulk_store import COLUMNS
from indexer.metrics import Figures, IndexerMetrics
from indexer.values import Facts
from models.values import Chain, checksum_address, show_bytes
from runtime.metrics import Metrics

JOB, RENTER, PROVIDER, HASH = bytes([1]) * 32, bytes([2]) * 20, bytes([3]) * 20, bytes([4]) * 32
VALUES = {"job_id": JOB, "renter": RENTER, "provider": PROVIDER, "block_number": 7, "transaction_hash": HASH}


class Clock:
    """A clock that goes when told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    async def passes(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


def row(table: str) -> tuple[object, ...]:
    """Return a row of a fact table, with what matters here."""
    return tuple(VALUES.get(name) for name, _ in COLUMNS[table])


async def test_time_inside_of_other_time_is_counted_once() -> None:
    """What is committed while a step is under way is not read; what fails took time as well."""
    clock = Clock()
    counted = IndexerMetrics(Metrics("test"), None, clock=clock)
    figures = counted.of(Chain.BSC)

    async def step(figures: Figures) -> None:
        await clock.passes(1)
        await figures.timed("commit", clock.passes(2))
        await clock.passes(4)
        raise TimeoutError

    with pytest.raises(TimeoutError):
        await figures.timed("read", step(figures))
    await figures.timed("rest", clock.passes(8))

    assert counted.seconds == {("bsc", "read"): 5, ("bsc", "commit"): 2, ("bsc", "rest"): 8}


def test_an_event_is_told_with_its_job_its_block_and_its_transaction() -> None:
    """Under the keys that every program uses; heartbeats are not told."""
    with capture_logs() as lines:
        event_log.tell(Chain.BSC, Facts(rows={"job_created": [row("job_created")]}))
        event_log.tell(Chain.OPBNB, Facts(rows={"node_heartbeat": [row("node_heartbeat")]}))

    assert lines == [
        {
            "event": "event.indexed",
            "log_level": "info",
            "chain": "bsc",
            "fact": "job_created",
            "job": show_bytes(JOB),
            "provider": checksum_address(PROVIDER),
            "block": 7,
            "transaction": show_bytes(HASH),
        }
    ]


def test_of_too_many_events_the_others_are_counted() -> None:
    """A commit of thousands does not write thousands of lines."""
    with capture_logs() as lines:
        event_log.tell(Chain.BSC, Facts(rows={"job_created": [row("job_created")] * 1_000}))

    assert len(lines) == event_log.TOLD_MAX + 1
    assert lines[-1]["events"] == 1_000 - event_log.TOLD_MAX
