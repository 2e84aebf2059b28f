"""
Whether the indexer does its work: of each chain, what this process is to it, and when it last made progress.

    starting ─► standby ─► leader       a standby is ready: it waits for its turn, and says for whom
                   ▲          │         a leader is ready while blocks are committed, a backfill too
                   └──────────┘

Progress is what was committed. A chain that stands still, endpoints that do not answer and a database that is away
look the same here: nothing comes, and the reason is what was last complained of.
"""

import time
from collections.abc import Callable, Iterable
from enum import StrEnum, auto

from indexer.outcomes import Idle, Outcome, Paused
from models.values import Chain
from runtime.readiness import STARTING, Readiness, Verdict

TAKES_LONG = {
    "commit": "a commit takes long: see Postgres",
    "refresh": "jobs and providers are brought in line with a backfill",
}
"""What keeps a leader that has nothing to complain of, by what it is doing."""


class Role(StrEnum):
    """What a process is to a chain."""

    STARTING = auto()
    STANDBY = auto()
    LEADER = auto()


class Progress:
    """What one process tells of one chain."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.doing = ""
        self._clock = clock
        self._role = Role.STARTING
        self._trouble: str | None = STARTING
        self._paused: str | None = None
        self._moved_at = clock()

    def stand_by(self, reason: str, *, for_trouble: bool) -> None:
        """Wait for our turn, or for trouble to pass."""
        self._role = Role.STARTING if for_trouble else Role.STANDBY
        self._trouble = reason

    def lead(self) -> None:
        """Begin to lead."""
        self._role, self._trouble, self._paused, self._moved_at = Role.LEADER, None, None, self._clock()

    def stumble(self, trouble: str) -> None:
        """Have a step fail."""
        self._trouble = trouble

    def step(self, outcome: Outcome) -> None:
        """Have a step come to something."""
        self._trouble = None
        self._paused = outcome.reason if isinstance(outcome, Paused) else None
        if not isinstance(outcome, Idle | Paused):
            self._moved_at = self._clock()

    def verdict(self, idle_seconds_max: float) -> Verdict:
        """Return whether this process does what it ought to do for the chain, and why not."""
        idle = self._clock() - self._moved_at
        details = {"role": self._role.value}
        if self._role is not Role.LEADER:
            return Verdict(ready=self._role is Role.STANDBY, reason=self._trouble, details=details)
        if self._paused is not None:
            return Verdict(ready=False, reason=f"paused: {self._paused}", details=details)
        if idle > idle_seconds_max:
            why = self._trouble or TAKES_LONG.get(self.doing, "endpoints tell of no newer block")
            reason = f"no progress for {idle:.0f} s, {idle_seconds_max:.0f} s allowed: {why}"
            return Verdict(ready=False, reason=reason, details=details)
        return Verdict(ready=True, details=details)


class IndexerReadiness:
    """Whether an indexer does its work for all of its chains; `idle_seconds_max` is how long nothing may come."""

    def __init__(
        self, chains: Iterable[Chain], *, idle_seconds_max: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._idle_seconds_max = idle_seconds_max
        self._progress = {chain: Progress(clock) for chain in chains}

    def of(self, chain: Chain) -> Progress:
        """Return what is told of a chain."""
        return self._progress[chain]

    async def ask(self) -> Readiness:
        """Return how each chain stands."""
        verdicts = {chain.value: each.verdict(self._idle_seconds_max) for chain, each in self._progress.items()}
        return Readiness(kind="chains", verdicts=verdicts)
