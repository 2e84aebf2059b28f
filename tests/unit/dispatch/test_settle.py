"""What is decided for a credit, from what the books and the chain say."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.sending import Answer
from dispatch.credit_values import Account, Attempt, Books, Due, Intent, Kind, Limits, Receipt, Sighting, SignerRow
from dispatch.settle import (
    PENDING_MAX,
    RAISE_AFTER,
    REPLACE_AFTER,
    RESEND_AFTER,
    REST_FIRST,
    REST_MAX,
    FreeNonce,
    Release,
    Replace,
    Send,
    Sign,
    Stranger,
    Unclear,
    Verdict,
    Wait,
    adopt,
    affordable,
    final_count,
    first_fees,
    raise_fees,
    rest_after,
    room,
    settle,
)
from dispatch.verify import Claim
from models.values import BlockId, Fees

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CHEAP = Fees(max_wei=1_000, priority_wei=10)
LIMITS = Limits(fee_max_wei=10**12)
HASH = b"\7" * 32


def attempt(
    *,
    kind: Kind = Kind.CREDIT,
    sent: timedelta | None = timedelta(0),
    signed: timedelta = timedelta(0),
    answer: Answer | None = Answer.TAKEN,
    fees: Fees = CHEAP,
) -> Attempt:
    """Return an attempt on nonce 3 that was signed and last sent so long ago."""
    return Attempt(
        transaction_hash=HASH,
        nonce=3,
        kind=kind,
        raw=b"raw",
        gas=60_000,
        fees=fees,
        signed_at=NOW - signed,
        sent_at=None if sent is None else NOW - sent,
        answer=None if sent is None else answer,
    )


def intent(*live: Attempt, rests: timedelta | None = None) -> Intent:
    """Return an intent with these live attempts."""
    until = None if rests is None else NOW + rests
    return Intent(job_id=bytes(32), provider=bytes(20), live=live, rests_until=until)


def account(*, final: int = 3, latest: int = 3, pending: int = 4) -> Account:
    """Return an account for which nonce 3 waits in the pool."""
    return Account(
        height=50, final=final, latest=latest, pending=pending, fees=CHEAP, price_wei=900, balance_wei=10**18
    )


def mined(*, succeeded: bool = True) -> dict[bytes, Receipt]:
    """Return the receipt of the attempt, final in block 9."""
    return {HASH: Receipt(block=BlockId(number=9, hash=b"\1" * 32), succeeded=succeeded)}


RELEASE = attempt(kind=Kind.RELEASE)
STUCK = attempt(signed=REPLACE_AFTER)
SILENT = attempt(sent=RESEND_AFTER)
TOO_CHEAP = attempt(signed=RAISE_AFTER, answer=Answer.UNDERPRICED)
DEARER = Fees(max_wei=1_100, priority_wei=11)


@pytest.mark.parametrize(
    ("which", "seen", "receipts", "expected"),
    [
        pytest.param(intent(), account(), {}, Sign(), id="no attempt: sign"),
        pytest.param(intent(rests=timedelta(1)), account(), {}, Wait(), id="refused by the contract: rest"),
        pytest.param(intent(rests=timedelta(0)), account(), {}, Sign(), id="rested: sign"),
        pytest.param(intent(attempt(sent=None)), account(), {}, Send(attempt(sent=None)), id="never sent: send"),
        pytest.param(intent(attempt()), account(), {}, Wait(), id="just sent: wait"),
        pytest.param(intent(SILENT), account(), {}, Send(SILENT), id="silence: the same bytes again"),
        pytest.param(
            intent(SILENT), account(latest=3 - PENDING_MAX), {}, Wait(), id="a pool takes no more than those before it"
        ),
        pytest.param(intent(STUCK), account(), {}, Replace(3, DEARER), id="stuck: higher fees on the same nonce"),
        pytest.param(intent(TOO_CHEAP), account(), {}, Replace(3, DEARER), id="called too cheap: higher fees soon"),
        pytest.param(intent(attempt(answer=Answer.UNDERPRICED)), account(), {}, Wait(), id="and not at once"),
        pytest.param(
            intent(attempt(signed=REPLACE_AFTER, sent=RESEND_AFTER, answer=Answer.NO_MONEY)),
            account(),
            {},
            Send(attempt(signed=REPLACE_AFTER, sent=RESEND_AFTER, answer=Answer.NO_MONEY)),
            id="no money: the same bytes again, for dearer ones need more",
        ),
        pytest.param(
            intent(attempt(signed=REPLACE_AFTER, sent=RESEND_AFTER, answer=Answer.NONCE_USED)),
            account(),
            {},
            Send(attempt(signed=REPLACE_AFTER, sent=RESEND_AFTER, answer=Answer.NONCE_USED)),
            id="mined beyond our newest block, perhaps: the same bytes again",
        ),
        pytest.param(
            intent(attempt(answer=Answer.REFUSED)),
            account(),
            {},
            Release(3, DEARER, "no endpoint takes the credit"),
            id="taken by nobody: free the nonce",
        ),
        pytest.param(
            intent(replace(RELEASE, signed_at=NOW - REPLACE_AFTER)),
            account(),
            {},
            Release(3, DEARER, "1000000000000 wei per gas are the limit"),
            id="a release that is stuck: a dearer release, never a credit again",
        ),
        pytest.param(
            intent(attempt()),
            account(latest=4),
            {},
            Unclear(),
            id="consumed, by what is not final yet",
        ),
        pytest.param(
            intent(attempt()),
            account(latest=4),
            mined(succeeded=False),
            FreeNonce("reverted in block 9", refused=True),
            id="reverted, final: another nonce",
        ),
        pytest.param(
            intent(RELEASE),
            account(latest=4),
            mined(),
            FreeNonce("freed by a transfer in block 9", refused=False),
            id="released, final: another nonce",
        ),
        pytest.param(intent(attempt()), account(final=4, latest=4), {}, Stranger(3), id="nonce used by another"),
    ],
)
def test_verdicts(which: Intent, seen: Account, receipts: dict[bytes, Receipt], expected: Verdict) -> None:
    """The table of cases, each with its reason as its name."""
    assert expected == settle(which, seen, receipts, now=NOW, limits=LIMITS)


def test_a_final_credit_that_our_index_has_not_is_complained_of() -> None:
    """Nothing is signed again for it: the endpoint or the index is wrong, and a person finds out which."""
    verdict = settle(intent(attempt()), account(latest=4), mined(), now=NOW, limits=LIMITS)

    assert isinstance(verdict, Wait)
    assert "our index has no such event" in verdict.complaint


@pytest.mark.parametrize(
    ("answer", "at_once", "later"),
    [
        (Answer.TAKEN, Wait, Send),
        (Answer.PERHAPS_TAKEN, Wait, Send),
        (Answer.NONCE_USED, Wait, Send),
        (Answer.NONCE_AHEAD, Wait, Send),
        (Answer.UNDERPRICED, Wait, Replace),
        (Answer.NO_MONEY, Wait, Send),
        (Answer.BUSY, Wait, Send),
        (Answer.REFUSED, Release, Release),
    ],
)
def test_what_follows_from_each_answer(answer: Answer, at_once: type[Verdict], later: type[Verdict]) -> None:
    """The same bytes again, unless they are too cheap or nobody will ever take them; never another nonce."""
    fresh = attempt(answer=answer)
    waited = attempt(answer=answer, sent=RESEND_AFTER, signed=RESEND_AFTER)

    verdicts = [settle(intent(each), account(), {}, now=NOW, limits=LIMITS) for each in (fresh, waited)]
    assert [at_once, later] == [type(verdict) for verdict in verdicts]


@pytest.mark.parametrize(
    ("fee_max", "expected"),
    [
        (1_100, Replace(3, DEARER)),
        (1_099, Release(3, DEARER, "1099 wei per gas are the limit")),
        (549, Send(replace(STUCK, sent_at=NOW - RESEND_AFTER))),
    ],
)
def test_fees_stop_at_the_cap(fee_max: int, expected: Verdict) -> None:
    """There the nonce is freed, for twice the cap at most; beyond, the same bytes are sent again."""
    stuck = replace(STUCK, sent_at=NOW - RESEND_AFTER)
    verdict = settle(intent(stuck), account(), {}, now=NOW, limits=Limits(fee_max_wei=fee_max))

    assert expected == verdict


@given(st.integers(0, 10**30), st.integers(0, 10**30), st.integers(0, 10**30), st.integers(0, 10**30))
def test_a_replacement_raises_both_fees_by_a_tenth_rounded_up(old: int, tip: int, suggested: int, cap: int) -> None:
    """Endpoints take a replacement only then; what is suggested counts as far as the cap allows."""
    before = Fees(max_wei=max(old, tip), priority_wei=tip)
    raised = raise_fees(before, Fees(max_wei=suggested, priority_wei=0), fee_max_wei=cap)

    if raised is None:
        assert -(-before.max_wei * 11 // 10) > cap
        return
    assert raised.max_wei * 10 >= before.max_wei * 11
    assert raised.priority_wei * 10 >= tip * 11
    assert raised.priority_wei <= raised.max_wei <= cap
    assert raised.max_wei >= min(suggested, cap)


def test_nothing_is_offered_while_gas_costs_more_than_the_limit() -> None:
    """Nearer the limit than usual less is offered than is suggested."""
    assert first_fees(account(), LIMITS) == CHEAP
    assert first_fees(account(), Limits(fee_max_wei=950)) == Fees(max_wei=950, priority_wei=10)
    assert first_fees(account(), Limits(fee_max_wei=899)) is None


def test_a_refused_credit_rests_ever_longer() -> None:
    """Up to half an hour: a contract may relent."""
    rests = [rest_after(refusals, NOW) - NOW for refusals in (1, 2, 3, 30)]

    assert rests == [REST_FIRST, 2 * REST_FIRST, 4 * REST_FIRST, REST_MAX]


def test_only_what_waits_in_the_pool_takes_room() -> None:
    """Mined transactions wait for finality without holding up others."""
    assert room(account(latest=20), range(20)) == PENDING_MAX
    assert room(account(latest=0), range(PENDING_MAX)) == 0


@pytest.mark.parametrize(
    ("costs", "reserved", "expected"),
    [([], 0, 0), ([40, 40], 20, 2), ([40, 41], 20, 1), ([90, 1], 20, 0), ([1], 101, 0)],
)
def test_transactions_are_paid_for_in_their_order(costs: list[int], reserved: int, expected: int) -> None:
    """With 100 wei: one that is too dear lets none behind it through, for nonces have no gaps."""
    assert expected == affordable(costs, reserved_wei=reserved, balance_wei=100)


def test_a_count_is_final_with_the_block_it_was_seen_at() -> None:
    """The newest such block tells."""
    seen = [Sighting(block=BlockId(number=number, hash=bytes(32)), count=number * 10) for number in (3, 5, 8)]

    assert final_count(seen, 7) == seen[1]
    assert final_count(seen, 2) is None


def due(*pairs: tuple[bytes, bytes]) -> tuple[Due, ...]:
    """Return confirmations of these jobs by these providers."""
    claim = Claim(event="JobConfirmed", block_hash=b"", transaction_hash=b"", log_index=0, arguments=())
    return tuple(Due(job_id=job, provider=provider, block=9, claim=claim) for job, provider in pairs)


def books(*, surplus: dict[bytes, int], opened: tuple[Intent, ...] = ()) -> Books:
    """Return books with these jobs open."""
    return Books(
        signer=SignerRow(address=bytes(20), halted_reason=None, paused_reason=None, adopts=False),
        head=None,
        final_block=0,
        open=opened,
        surplus=surplus,
        unsure=(),
        counts={},
        due=(),
        due_through=0,
        accounted=0,
        has_signed=True,
    )


def test_the_oldest_confirmations_count_as_credited() -> None:
    """The chain tells how often a provider was credited; a provider without surplus has none adopted."""
    waiting = due((b"1", b"a"), (b"2", b"b"), (b"3", b"a"), (b"4", b"a"))

    assert adopt(books(surplus={b"a": 2}), waiting) == frozenset({b"1", b"3"})
    assert adopt(books(surplus={}), waiting) == frozenset()
    assert adopt(books(surplus={b"a": -1, b"b": 5}), waiting) == frozenset({b"2"})


def test_intents_without_a_transaction_count_before_what_is_due() -> None:
    """They are older; and one that has a live transaction is settled by that alone."""
    unsigned = Intent(job_id=b"0", provider=b"a")
    signed = Intent(job_id=b"9", provider=b"a", live=(attempt(),))

    assert adopt(books(surplus={b"a": 1}, opened=(signed, unsigned)), due((b"1", b"a"))) == frozenset({b"0"})
