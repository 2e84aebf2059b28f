"""Whether an indexer does its work is judged by what it is to a chain, and by when something was last committed."""

import pytest

from indexer.outcomes import Advanced, Idle, Outcome, Paused
from indexer.readiness import IndexerReadiness, Progress
from models.values import BlockRange, Chain
from runtime.readiness import Verdict

IDLE_SECONDS_MAX = 20.0
ADVANCED = Advanced(blocks=BlockRange(first=1, last=2), events=0, undone=0, lag=0)


class FakeClock:
    """A clock that stands still until it is told to go on."""

    def __init__(self) -> None:
        self._now = 100.0

    def __call__(self) -> float:
        return self._now

    def advance(self, seconds: float) -> None:
        """Go on."""
        self._now += seconds


@pytest.fixture
def clock() -> FakeClock:
    """What the time is."""
    return FakeClock()


@pytest.fixture
def progress(clock: FakeClock) -> Progress:
    """What a process that has just begun to lead tells of a chain."""
    progress = Progress(clock)
    progress.lead()
    return progress


def test_a_process_that_has_only_begun_is_not_ready(clock: FakeClock) -> None:
    assert Progress(clock).verdict(IDLE_SECONDS_MAX) == Verdict(
        ready=False, reason="it has only begun", details={"role": "starting"}
    )


def test_a_standby_is_ready_and_says_for_whom(progress: Progress, clock: FakeClock) -> None:
    """However long it waits."""
    progress.stand_by("host:7 leads this chain", for_trouble=False)
    clock.advance(1_000)

    assert progress.verdict(IDLE_SECONDS_MAX) == Verdict(
        ready=True, reason="host:7 leads this chain", details={"role": "standby"}
    )


def test_who_waits_for_the_database_is_no_standby(progress: Progress) -> None:
    progress.stand_by("OperationalError: gone", for_trouble=True)

    assert progress.verdict(IDLE_SECONDS_MAX).ready is False


@pytest.mark.parametrize(("outcome", "ready"), [(ADVANCED, True), (Idle(), False)])
def test_progress_is_what_was_committed(progress: Progress, clock: FakeClock, outcome: Outcome, ready: bool) -> None:
    """Looking, and finding nothing, is none."""
    clock.advance(IDLE_SECONDS_MAX)
    progress.step(outcome)
    clock.advance(1)

    assert progress.verdict(IDLE_SECONDS_MAX).ready is ready


@pytest.mark.parametrize(
    ("trouble", "doing", "why"),
    [
        ("AskAnother: refused", "trouble", "AskAnother: refused"),
        (None, "refresh", "jobs and providers are brought in line with a backfill"),
        (None, "read", "endpoints tell of no newer block"),
    ],
)
def test_why_nothing_comes(progress: Progress, clock: FakeClock, trouble: str | None, doing: str, why: str) -> None:
    """What was complained of, else what it is doing."""
    if trouble is not None:
        progress.stumble(trouble)
    progress.doing = doing
    clock.advance(21)

    assert progress.verdict(IDLE_SECONDS_MAX).reason == f"no progress for 21 s, 20 s allowed: {why}"


def test_a_pause_is_told_at_once_and_ends_with_the_next_block(progress: Progress) -> None:
    progress.step(Paused("a fork below what was final"))
    paused = progress.verdict(IDLE_SECONDS_MAX)
    progress.step(ADVANCED)

    assert (paused.reason, progress.verdict(IDLE_SECONDS_MAX).ready) == ("paused: a fork below what was final", True)


async def test_an_indexer_is_ready_when_all_its_chains_are(clock: FakeClock) -> None:
    readiness = IndexerReadiness(Chain, idle_seconds_max=IDLE_SECONDS_MAX, clock=clock)
    readiness.of(Chain.BSC).lead()
    before = (await readiness.ask()).told()
    readiness.of(Chain.OPBNB).lead()

    assert (before["ready"], before["chains"]["bsc"]["ready"]) == (False, True)
    assert (await readiness.ask()).ready
