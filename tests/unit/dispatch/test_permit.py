"""Whether an account may be used follows from which of its nonces are accounted for."""

from collections.abc import Collection

import pytest

from dispatch.credit_values import Account, Books, SignerRow
from dispatch.permit import Adopt, Go, Halt, Hold, Permit, Spend, describe_stranger, permit, standing
from models.values import BlockId, Fees

HEAD = BlockId(number=50, hash=bytes(32))


def books(
    accounted: int | None,
    *,
    adopts: bool = False,
    halted: str | None = None,
    final_block: int = 40,
    unswept: bool = False,
) -> Books:
    """Return books that account for so many nonces."""
    return Books(
        signer=SignerRow(address=bytes(20), halted_reason=halted, paused_reason=None, adopts=adopts),
        head=HEAD if final_block >= 0 else None,
        final_block=final_block,
        open=(),
        surplus={},
        unsure=(),
        counts={},
        due=(),
        due_through=0,
        accounted=accounted,
        has_signed=True,
        unswept=unswept,
    )


def account(*, final: int, latest: int, pending: int | None = None) -> Account:
    """Return an account that has sent so many transactions."""
    fees = Fees(max_wei=1, priority_wei=1)
    return Account(
        height=50, final=final, latest=latest, pending=latest if pending is None else pending, fees=fees, price_wei=1,
        balance_wei=1,
    )  # fmt: skip


HISTORY = "the account's history before this database"
LOST = "nonces 5 to 6 were spent for credits that this database has lost"
BY_HAND = "nonces 5 to 6 were spent: history, by a person's word"


@pytest.mark.parametrize(
    ("known", "seen", "strange", "starting", "expected"),
    [
        pytest.param(books(7), account(final=0, latest=7), (), True, Go(7), id="all are ours"),
        pytest.param(books(7), account(final=0, latest=4), (), True, Go(7), id="some were not taken yet"),
        pytest.param(
            books(None), account(final=0, latest=0), (), True, Adopt(0, frozenset(), HISTORY, lost=False), id="unused"
        ),
        pytest.param(
            books(None), account(final=7, latest=7), (), True, Adopt(7, frozenset(), HISTORY), id="history, final"
        ),
        pytest.param(
            books(5), account(final=7, latest=7), (), True, Adopt(7, frozenset({5, 6}), LOST), id="restored, at a start"
        ),
        pytest.param(
            books(5), account(final=7, latest=7), (), False, describe_stranger({5, 6}), id="spent while we watched"
        ),
        pytest.param(
            books(5, adopts=True),
            account(final=7, latest=7),
            (),
            False,
            Adopt(7, frozenset(), BY_HAND),
            id="a person says so",
        ),
        pytest.param(
            books(7),
            account(final=7, latest=7),
            (4,),
            True,
            Adopt(7, frozenset({4}), "nonce 4 was spent for credits that this database has lost"),
            id="one of ours was spent by a transaction that was lost",
        ),
        pytest.param(books(7), account(final=7, latest=7), (4,), False, describe_stranger({4}), id="and in a run"),
        pytest.param(
            books(7),
            account(final=5, latest=5, pending=7),
            (4,),
            False,
            describe_stranger({4}),
            id="and what waits of ours need not be final",
        ),
    ],
)
def test_permits(known: Books, seen: Account, strange: Collection[int], starting: bool, expected: Permit) -> None:
    """The table of cases, each with its reason as its name."""
    assert expected == permit(known, seen, strange, starting=starting, height_at_start=40)


SPENT = "nonces 5 to 20 were spent on transfers, or by what was lost"


@pytest.mark.parametrize(
    ("seen", "strange", "expected"),
    [
        pytest.param(account(final=5, latest=3), (), Spend(range(5, 21)), id="behind what waits of ours"),
        pytest.param(account(final=5, latest=5), (), Spend(range(5, 21)), id="none is spent"),
        pytest.param(account(final=5, latest=19, pending=21), (), Spend(range(19, 21)), id="two are left"),
        pytest.param(account(final=5, latest=40, pending=40), (), None, id="all are, and not final"),
        pytest.param(account(final=21, latest=21), (), Adopt(21, frozenset(), SPENT, lost=False), id="all are final"),
        pytest.param(account(final=23, latest=23), (), Adopt(21, frozenset(), SPENT, lost=False), id="and more are"),
        pytest.param(
            account(final=9, latest=9),
            (4,),
            Adopt(5, frozenset({4}), "nonce 4 was spent for credits that this database has lost"),
            id="one of ours was spent by a transaction that was lost",
        ),
    ],
)
def test_a_swept(seen: Account, strange: Collection[int], expected: Permit | None) -> None:
    """Nonces that lost transactions may have are spent, and final, before a credit is signed."""
    verdict = permit(books(5, unswept=True), seen, strange, starting=True, height_at_start=40)

    assert verdict == expected if expected is not None else isinstance(verdict, Hold)


def test_a_person_says_that_the_database_was_restored() -> None:
    """Then what was lost may wait though nothing tells of it; where something had halted us, that is what was meant."""
    seen = account(final=5, latest=5)
    said = permit(books(5, adopts=True), seen, (), starting=False, height_at_start=40)
    followed = permit(books(5, adopts=True, halted="who"), seen, (), starting=False, height_at_start=40)

    assert said == Adopt(5, frozenset(), "the database was restored, by a person's word")
    assert followed == Go(5)


@pytest.mark.parametrize(
    "seen", [account(final=6, latest=7), account(final=5, latest=5, pending=7)], ids=["mined", "in the pool"]
)
@pytest.mark.parametrize("starting", [True, False])
def test_nothing_is_signed_before_what_we_do_not_know_is_final(seen: Account, starting: bool) -> None:
    """Whether it is history or a stranger's: first our index must have all that came of it."""
    verdict = permit(books(5), seen, (), starting=starting, height_at_start=40)

    assert isinstance(verdict, Hold)
    assert "nonces 5 to 6" in verdict.reason


def test_an_endpoint_that_claims_any_number_costs_nothing() -> None:
    """The nonces between are not listed before they are final."""
    verdict = permit(books(5), account(final=5, latest=5, pending=10**15), (), starting=True, height_at_start=40)

    assert isinstance(verdict, Hold)


def test_the_first_credit_waits_for_an_index_that_has_all_there_was() -> None:
    """Others may have credited by another account: their increments must be in our index, and final."""
    new = account(final=0, latest=0)
    verdicts = [permit(books(None, final_block=final), new, (), starting=True, height_at_start=40) for final in (1, 39)]

    # In the same words, so that the log has it once.
    assert verdicts == [Hold("the first credit waits until opBNB is indexed and final through block 40")] * 2


def test_what_holds_the_signer_whatever_the_chain_says() -> None:
    """A halt until a person gives the word, and a chain that is not indexed."""
    assert standing(books(7)) is None
    assert standing(books(7, halted="who was that")) == Hold("halted: who was that")
    assert standing(books(7, halted="who was that", adopts=True)) is None
    assert standing(books(7, final_block=-1)) == Hold("opBNB is not indexed yet, or is paused")


def test_a_halt_says_what_to_do() -> None:
    """It names the nonces and the command."""
    assert isinstance(describe_stranger({3, 9}), Halt)
    assert "nonces 3 to 9" in describe_stranger({3, 9}).reason
    assert "lamda credits adopt" in describe_stranger({3, 9}).reason
