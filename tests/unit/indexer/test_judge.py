"""Which blocks a request reads again, and what may be done with what was read."""

import pytest

from indexer.judge import Apply, Asked, Refusal, Scope, Standing, TakeBack, doubt, scope, verdict
from indexer.rereading_values import Counts
from models.requests import RequestKind
from models.values import BlockRange, Chain, ProofLevel

REINDEX, VERIFY = RequestKind.REINDEX, RequestKind.VERIFY
OURS, THEIRS = b"\x01" * 32, b"\x02" * 32


def standing(
    *, final_through: int = 90, paused_reason: str | None = None, paused_fork: int | None = None, start_block: int = 10
) -> Standing:
    """Return a chain that is indexed from 10 to 100, final to 90."""
    return Standing(
        chain=Chain.BSC,
        number=100,
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


def test_blocks_of_our_chain_are_applied() -> None:
    """By hash; where we hold no header of the last block, our facts have the hashes that count."""
    assert Apply() == verdict(read(20, 90), before=standing(), now=standing(), ours=OURS, theirs=OURS)
    assert Apply() == verdict(read(20, 30), before=standing(), now=standing(), ours=None, theirs=OURS)


def test_blocks_of_another_branch_are_not_applied_in_silence() -> None:
    """What was final is replaced on a person's word only."""
    refusal = verdict(read(20, 90), before=standing(), now=standing(), ours=OURS, theirs=THEIRS)

    assert isinstance(refusal, Refusal)
    assert "a reorg deeper than finality" in refusal.reason


def test_that_word_takes_back_what_is_above() -> None:
    """Unless the chain has come back to our branch, or we cannot tell."""
    mending = read(40, 95, mends_fork=True, fork=40)

    assert TakeBack() == verdict(mending, before=PAUSED, now=PAUSED, ours=OURS, theirs=THEIRS)
    assert TakeBack() == verdict(mending, before=PAUSED, now=PAUSED, ours=None, theirs=THEIRS)
    assert Apply() == verdict(mending, before=PAUSED, now=PAUSED, ours=OURS, theirs=OURS)


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (standing(), standing(final_through=40)),
        (standing(), PAUSED),
        (PAUSED, standing(final_through=40)),
        (PAUSED, standing(paused_reason="reorganised again", paused_fork=30)),
    ],
)
def test_a_pause_or_its_end_meanwhile_takes_the_ground_away(before: Standing, now: Standing) -> None:
    """What was read may be of a branch that is no longer the chain's."""
    mends_fork = before.paused_fork is not None
    refusal = verdict(read(20, 40, mends_fork=mends_fork), before=before, now=now, ours=OURS, theirs=OURS)

    assert isinstance(refusal, Refusal)


def test_facts_are_not_deleted_on_a_weaker_word_than_was_asked_for() -> None:
    """What is missing or changed may be mended on it; and whoever asks for that level takes the word."""
    asked, weak = ProofLevel.BLOOM, ProofLevel.HASH
    too_many = {"job_created": Counts(surplus=2), "job_confirmed": Counts(surplus=1)}
    too_few = {"job_created": Counts(missing=2, changed=1)}
    refusal = doubt(read(20, 90), too_many, asked=asked, proven=weak)

    assert refusal is not None
    assert refusal.reason.startswith("3 facts of ours are not in what was read")
    assert "`--level hash`" in refusal.reason
    assert doubt(read(20, 90), too_few, asked=asked, proven=weak) is None
    assert doubt(read(20, 90), too_many, asked=asked, proven=ProofLevel.RECEIPTS) is None
    assert doubt(read(20, 90), too_many, asked=weak, proven=weak) is None
    assert doubt(read(40, 95, mends_fork=True, fork=40), too_many, asked=asked, proven=weak) is None
