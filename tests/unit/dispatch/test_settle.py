"""What is decided for a credit, from what the books and the chain say."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.credit_values import Account, Attempt, Books, Intent, Receipt
from dispatch.settle import (
    PENDING_MAX,
    REPLACE_AFTER,
    RESEND_AFTER,
    GiveUpNonce,
    Replace,
    Send,
    Sign,
    Stranger,
    Verdict,
    Wait,
    adopt,
    next_nonce,
    raise_fees,
    room,
    settle,
    unexplained,
)
from models.values import Fees

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CHEAP = Fees(max_wei=1_000, priority_wei=10)
CAP = 10**12


def attempt(*, nonce: int = 3, sent: timedelta | None = timedelta(0), signed: timedelta = timedelta(0)) -> Attempt:
    """Return an attempt that was signed and last sent so long ago."""
    return Attempt(
        transaction_hash=b"\7" * 32,
        nonce=nonce,
        raw=b"raw",
        fees=CHEAP,
        signed_at=NOW - signed,
        sent_at=None if sent is None else NOW - sent,
    )


def intent(*live: Attempt) -> Intent:
    """Return an intent with these live attempts."""
    return Intent(job_id=bytes(32), provider=bytes(20), live=live)


def account(*, final: int = 3, latest: int = 3, pending: int = 4) -> Account:
    """Return an account for which nonce 3 waits in the pool."""
    return Account(final=final, latest=latest, pending=pending, fees=CHEAP)


MINED = {b"\7" * 32: Receipt(block_number=9, succeeded=True)}
REVERTED = {b"\7" * 32: Receipt(block_number=9, succeeded=False)}


@pytest.mark.parametrize(
    ("which", "seen", "receipts", "expected"),
    [
        pytest.param(intent(), account(), {}, Sign(), id="no attempt: sign"),
        pytest.param(intent(attempt(sent=None)), account(), {}, Send(attempt(sent=None)), id="never sent: send"),
        pytest.param(intent(attempt()), account(), {}, Wait(), id="just sent: wait"),
        pytest.param(
            intent(attempt(sent=RESEND_AFTER)),
            account(),
            {},
            Send(attempt(sent=RESEND_AFTER)),
            id="silence: the same bytes again",
        ),
        pytest.param(
            intent(attempt(signed=REPLACE_AFTER)),
            account(),
            {},
            Replace(3, Fees(max_wei=1_100, priority_wei=11)),
            id="stuck: higher fees on the same nonce",
        ),
        pytest.param(intent(attempt()), account(latest=4), MINED, Wait(), id="mined: wait for finality"),
        pytest.param(intent(attempt()), account(latest=4), REVERTED, Wait(), id="reverted, not final: wait"),
        pytest.param(
            intent(attempt()),
            account(final=4, latest=4),
            REVERTED,
            GiveUpNonce("reverted in block 9"),
            id="reverted, final: another nonce",
        ),
        pytest.param(intent(attempt()), account(final=4, latest=4), {}, Stranger(3), id="nonce used by another"),
        pytest.param(
            intent(attempt()), account(final=4, latest=4), MINED, Wait(), id="final there, not yet in our index: wait"
        ),
    ],
)
def test_verdicts(which: Intent, seen: Account, receipts: dict[bytes, Receipt], expected: Verdict) -> None:
    """The table of cases, each with its reason as its name."""
    assert expected == settle(which, seen, receipts, now=NOW, fee_max_wei=CAP)


def test_fees_stop_at_the_cap() -> None:
    """Beyond what the operator allows, the same bytes are sent again instead of dearer ones."""
    stuck = attempt(signed=REPLACE_AFTER, sent=RESEND_AFTER)

    assert Send(stuck) == settle(intent(stuck), account(), {}, now=NOW, fee_max_wei=1_099)


@given(st.integers(0, 10**30), st.integers(0, 10**30), st.integers(0, 10**30))
def test_a_replacement_raises_both_fees_by_a_tenth_rounded_up(old: int, tip: int, suggested: int) -> None:
    """Endpoints take a replacement only then."""
    raised = raise_fees(Fees(max_wei=old, priority_wei=tip), Fees(max_wei=suggested, priority_wei=0))

    assert raised.max_wei * 10 >= old * 11
    assert raised.priority_wei * 10 >= tip * 11
    assert raised.max_wei >= suggested


def test_nonces_follow_each_other() -> None:
    """The next nonce comes after all that the chain has seen and all that we hold."""
    assert next_nonce(account(latest=3), frozenset()) == 3
    assert next_nonce(account(latest=3), frozenset({3, 4})) == 5
    assert next_nonce(account(latest=9), frozenset({3})) == 9


def test_only_what_waits_in_the_pool_takes_room() -> None:
    """Mined transactions wait for finality without holding up others."""
    assert room(account(latest=20), frozenset(range(20))) == PENDING_MAX
    assert room(account(latest=0), frozenset(range(PENDING_MAX))) == 0


def test_a_nonce_that_is_neither_ours_nor_final_is_unexplained() -> None:
    """Such a nonce holds the signer."""
    assert unexplained(account(final=3, pending=6), frozenset({4})) == [3, 5]
    assert unexplained(account(final=3, pending=3), frozenset()) == []


def books(*, due: tuple[tuple[bytes, bytes], ...], surplus: dict[bytes, int], opened: tuple[Intent, ...] = ()) -> Books:
    """Return books with these jobs due and open."""
    return Books(final_block=0, open=opened, surplus=surplus, due=due, due_through=0)


def test_the_oldest_confirmations_count_as_credited() -> None:
    """The chain tells how often a provider was credited; a provider without surplus has none adopted."""
    due = ((b"1", b"a"), (b"2", b"b"), (b"3", b"a"), (b"4", b"a"))

    assert adopt(books(due=due, surplus={b"a": 2})) == frozenset({b"1", b"3"})
    assert adopt(books(due=due, surplus={})) == frozenset()
    assert adopt(books(due=due, surplus={b"a": -1, b"b": 5})) == frozenset({b"2"})


def test_intents_without_a_transaction_count_before_what_is_due() -> None:
    """They are older; and one that has a live transaction is settled by that alone."""
    unsigned = Intent(job_id=b"0", provider=b"a")
    signed = Intent(job_id=b"9", provider=b"a", live=(attempt(),))

    assert adopt(books(due=((b"1", b"a"),), surplus={b"a": 1}, opened=(signed, unsigned))) == frozenset({b"0"})
