"""What may be done with blocks that were read again."""

import pytest

from indexer.judge import Apply, TakeBack, doubt, verdict
from indexer.rereading_values import Counts
from models.scope_values import Refusal, Scope, Standing
from models.values import BlockRange, Chain, ProofLevel

OURS, THEIRS = b"\x01" * 32, b"\x02" * 32


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
