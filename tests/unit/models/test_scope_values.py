"""Which blocks a request reads again."""

import pytest

from models.requests import RequestKind
from models.scope_values import Asked, Refusal, Scope, Standing, scope
from models.values import BlockRange, Chain

REINDEX, VERIFY = RequestKind.REINDEX, RequestKind.VERIFY


def standing(
    *, final_through: int = 90, paused_reason: str | None = None, paused_fork: int | None = None, start_block: int = 10
) -> Standing:
    """Return a chain that is indexed from 10 to 100, final to 90."""
    return Standing(
        chain=Chain.BSC,
        number=100,
        finalized=95,
        final_through=final_through,
        start_block=start_block,
        heartbeats_from=0,
        paused_reason=paused_reason,
        paused_fork=paused_fork,
    )


def read(first: int, last: int, *, mends_fork: bool = False, fork: int | None = None) -> Scope:
    """Return a scope."""
    return Scope(
        blocks=BlockRange(first=first, last=last), mends_fork=mends_fork, fork=first - 1 if fork is None else fork
    )


PAUSED = standing(paused_reason="reorganised", paused_fork=40)
STUCK = standing(paused_reason="reorganised")


@pytest.mark.parametrize(
    ("kind", "first", "last", "at", "expected"),
    [
        (REINDEX, 20, None, standing(), read(20, 90)),
        (VERIFY, None, None, standing(), read(10, 90)),
        (VERIFY, 20, 30, standing(), read(20, 30)),
        (VERIFY, 90, 90, standing(), read(90, 90)),
        # After a reorg deeper than finality: a reindex goes to what the chain holds final (95), a verify to the fork.
        (REINDEX, 40, None, PAUSED, read(40, 95, mends_fork=True, fork=40)),
        (REINDEX, 10, None, PAUSED, read(10, 95, mends_fork=True, fork=40)),
        (VERIFY, None, None, PAUSED, read(10, 40, fork=40)),
        # Where nobody can name the fork, only a reindex from the start mends it.
        (REINDEX, 10, None, STUCK, read(10, 95, mends_fork=True, fork=9)),
        (REINDEX, None, None, STUCK, read(10, 95, mends_fork=True, fork=9)),
        (REINDEX, 11, None, STUCK, read(11, 90)),
    ],
)
def test_what_may_be_read_again(
    kind: RequestKind, first: int | None, last: int | None, at: Standing, expected: Scope
) -> None:
    """From the start block to what is final in our tables, unless a fork says otherwise."""
    asked = Asked(kind=kind, first=first, last=last)

    assert expected == scope(asked, at, finalized=95)


@pytest.mark.parametrize(
    ("kind", "first", "last", "at", "words"),
    [
        (REINDEX, 9, None, standing(), "before block 10, where bsc starts for us (BSC_START_BLOCK)"),
        (REINDEX, 91, None, standing(), "block 91 is not final in our tables: block 90 is the last that is"),
        (VERIFY, 20, 91, standing(), "block 91 is not final in our tables: block 90 is the last that is"),
        (VERIFY, 30, 20, standing(), "not from 30 to 20"),
        (VERIFY, None, None, standing(final_through=9), "nothing of bsc is final"),
        (REINDEX, 41, None, PAUSED, "parted from ours at block 40: reindex from block 40 or below"),
        (VERIFY, 20, 41, PAUSED, "block 41 is not final in our tables: block 40 is the last that is"),
    ],
)
def test_what_cannot_be_read_again(
    kind: RequestKind, first: int | None, last: int | None, at: Standing, words: str
) -> None:
    """The reason names the block that can."""
    refusal = scope(Asked(kind=kind, first=first, last=last), at, finalized=95)

    assert isinstance(refusal, Refusal)
    assert words in refusal.reason
