"""
Decide what to read next, and how long to rest after trouble.

    cursor ─── history: ranges, final blocks only ─── near the head: every header, block by block ─── head

History is read by wide ranges that cannot be reorganised any more; facts are copied in and state waits. Near the
head every header is linked to the one before. State is brought in line before the first block is read that way.
"""

from dataclasses import dataclass, replace

from chain.errors import TryAgain
from models.values import BlockRange

NEAR_BLOCKS = 64
"""Closer than this to the final block, a wide range would gain nothing over reading headers."""

HEADERS_MAX = 96
"""How many headers are read in one request, beside what the node that answers holds final."""

PENDING_FACTS_MAX = 250_000
"""How many facts may wait for their state during a backfill, so that a long one shows something on the way."""

DELAY_SECONDS_MAX = 10.0
RETRY_AFTER_SECONDS_MAX = 60.0
"""How long we rest at most: of our own accord, and at an endpoint's word. A day off is not for it to give."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Where we are and where the chain is. `to_block` is where the operator asked to stop."""

    number: int
    state_through: int
    pending_facts: int
    head: int
    finalized: int
    to_block: int | None
    range_size: int


@dataclass(frozen=True, slots=True)
class ReadHistory:
    """Read a range of final blocks by their logs."""

    blocks: BlockRange


@dataclass(frozen=True, slots=True)
class ReadHead:
    """Read blocks header by header."""

    blocks: BlockRange


@dataclass(frozen=True, slots=True)
class RefreshState:
    """Bring state in line with the facts we hold."""


@dataclass(frozen=True, slots=True)
class Rest:
    """There is nothing to read until the chain grows."""


Step = ReadHistory | ReadHead | RefreshState | Rest


def next_step(view: View) -> Step:
    """Return what brings us one range nearer to the head, or to `to_block`."""
    goal = view.head if view.to_block is None else min(view.head, view.to_block)
    final = min(goal, view.finalized)
    first = view.number + 1
    far = final - view.number > NEAR_BLOCKS
    behind = view.state_through < view.number
    if behind and (not far or view.pending_facts >= PENDING_FACTS_MAX):
        return RefreshState()
    if far:
        return ReadHistory(BlockRange(first=first, last=min(final, view.number + view.range_size)))
    if goal >= first:
        return ReadHead(BlockRange(first=first, last=min(goal, view.number + HEADERS_MAX)))
    return Rest()


def ahead(view: View, through: int | None) -> BlockRange | None:
    """
    Return the next range of history behind those already on their way, or None when there is none.

    `through` is the last block on its way. History alone is read ahead: near the head what was read early would be old.
    """
    begun = view if through is None else replace(view, number=through)
    # Facts that wait for their state keep nobody from reading on.
    match next_step(replace(begun, state_through=begun.number, pending_facts=0)):
        case ReadHistory(blocks):
            return blocks
        case _:
            return None


def delay_after_trouble(trouble: Exception, *, last: float, poll_seconds: float) -> float:
    """Return how long to rest before the next step: what the endpoint asked for, else twice the last rest."""
    if isinstance(trouble, TryAgain) and trouble.after_seconds:
        return min(RETRY_AFTER_SECONDS_MAX, trouble.after_seconds)
    return min(DELAY_SECONDS_MAX, max(poll_seconds, 2 * last))
