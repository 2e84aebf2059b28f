"""What we know of how an endpoint fares: whether it rests, how fast it may be asked, how far a range may reach."""

from dataclasses import dataclass

RANGE_FIRST = 2_000
RANGE_MAX = 20_000
"""How many blocks are asked for at once: of an endpoint we know nothing of, and of any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resting:
    """
    Why an endpoint is left alone, from when until when, in seconds of the clock.

    When the time is over it goes on resting until an answer proves that it is back; where eth_getLogs was switched
    off, an answer to that.
    """

    reason: str
    since: float
    until: float
    needs_logs: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """
    An endpoint's state. `alone` says that there is no other one to ask.

    `failures` counts the times in a row that it went to rest for trouble; `fails_logs` says that this was so with a
    question for logs, which other answers do not outweigh. `pause_seconds` is what lies between two
    requests, zero while it never complained; `slowed_at` is when it last grew. `doubts` counts how often its answers
    contradicted each other, lately and last at `doubted_at`.
    """

    alone: bool = False
    failures: int = 0
    fails_logs: bool = False
    resting: Resting | None = None
    pause_seconds: float = 0.0
    slowed_at: float = float("-inf")
    doubts: int = 0
    doubted_at: float = float("-inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How many blocks to ask for at once; never more than `most`, which falls to what the endpoint says it takes."""

    blocks: int = RANGE_FIRST
    most: int = RANGE_MAX
    was_refused: bool = False
