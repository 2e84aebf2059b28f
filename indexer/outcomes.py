"""What one step of a follower came to."""

from dataclasses import dataclass

from models.values import BlockRange


@dataclass(frozen=True, slots=True, kw_only=True)
class Advanced:
    """Blocks were committed; `undone` is how many of ours a reorg took back first."""

    blocks: BlockRange
    events: int
    undone: int
    lag: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed:
    """State was brought in line with all facts."""

    through: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Finalized:
    """No block came, but our blocks up to one can no longer be undone."""

    through: int


@dataclass(frozen=True, slots=True)
class Idle:
    """There was nothing to commit yet; `lag` blocks are there to be read."""

    lag: int = 0


@dataclass(frozen=True, slots=True)
class Paused:
    """The chain stands still until a person decides."""

    reason: str


@dataclass(frozen=True, slots=True)
class Reached:
    """The block to stop at is committed, and state is in line with it."""

    block: int


Outcome = Advanced | Refreshed | Finalized | Idle | Paused | Reached
