"""
Decide whether our account may be used at all: every nonce it has spent must be accounted for.

    accounted for    below an adoption, or held by an attempt in our books
    history          spent before we knew, final, and its increments in our index: adopted, and counted as given
    strange          spent while we watched, by nobody in our books: somebody else has the key
    unswept          after lost history: more of it may wait in a pool, where a missing nonce keeps it out of sight

After a database was lost or restored, nonces that we do not know may be history; so they are adopted at a start, if
each of them is an increment, and at any time by a person's word. Then all nonces that a pool may hold are spent on
transfers: whatever waited there is on chain, or never will be.
"""

from collections.abc import Collection
from dataclasses import dataclass

from dispatch.credit_values import Account, Books, Intent
from dispatch.settle import PENDING_MAX


@dataclass(frozen=True, slots=True)
class Go:
    """Credits may be signed, the next one with this nonce."""

    next_nonce: int


@dataclass(frozen=True, slots=True)
class Hold:
    """Nothing is signed until the reason is gone."""

    reason: str


@dataclass(frozen=True, slots=True)
class Adopt:
    """
    Nonces below `nonces` are history; each of the `unknown` must prove to be a credit of ours.

    More may be `lost` than what was found: nonces after these are swept where there are credits that we do not know.
    """

    nonces: int
    unknown: frozenset[int]
    reason: str
    lost: bool = True


@dataclass(frozen=True, slots=True)
class Spend:
    """These nonces are spent on transfers to ourselves, and no credit is signed."""

    nonces: range


@dataclass(frozen=True, slots=True)
class Halt:
    """Somebody else uses the key: nothing more is signed until a person has looked."""

    reason: str


Permit = Go | Hold | Adopt | Spend | Halt


def standing(books: Books) -> Hold | None:
    """Return what holds the signer whatever the chain says, or None."""
    if books.signer.halted_reason is not None and not books.signer.adopts:
        return Hold(f"halted: {books.signer.halted_reason}")
    if books.head is None or books.final_block < 0:
        return Hold("opBNB is not indexed yet, or is paused")
    return None


def permit(books: Books, account: Account, strange: Collection[int], *, starting: bool, height_at_start: int) -> Permit:
    """
    Return whether credits may be signed; `starting` until every nonce was accounted for once.

    `strange` are nonces of live attempts that other transactions have consumed, finally. `height_at_start` is how high
    the chain was when we first looked: a new account begins when our index is final up to there, for whoever credited
    before may have used another one.
    """
    if books.accounted is None and books.final_block < height_at_start:
        return Hold(f"the first credit waits until opBNB is indexed and final through block {height_at_start}")
    accounted = books.accounted
    if books.unswept and accounted is not None and not strange:
        return _swept(range(accounted, accounted + PENDING_MAX), account)
    used = max(account.latest, account.pending)
    spent = range(0) if books.unswept else range(accounted or 0, used)
    # An endpoint may claim any number: they are listed once they are final.
    ends = [*strange, *spent[:1], *spent[-1:]]
    if accounted is not None and not ends:
        if books.signer.was_restored:
            return Adopt(accounted, frozenset(), "the database was restored, by a person's word")
        return Go(accounted)
    if ends and account.final <= max(ends):
        return Hold(
            f"{_spent(ends)}, or will be by what waits in a pool, and nobody here knows by what: "
            "nothing is signed until that is final in our index"
        )
    if accounted is None:
        return Adopt(used, frozenset(), "the account's history before this database", lost=used > 0)
    nonces, unknown = accounted + len(spent), frozenset(strange).union(spent)
    if books.signer.adopts:
        return Adopt(nonces, frozenset(), f"{_spent(unknown)}: history, by a person's word")
    if starting:
        return Adopt(nonces, unknown, f"{_spent(unknown)} for credits that this database has lost")
    return describe_stranger(unknown)


def _swept(nonces: range, account: Account) -> Permit:
    if account.latest < nonces.stop:
        return Spend(nonces[max(0, account.latest - nonces.start) :])
    if account.final < nonces.stop:
        return Hold(f"{_spent(nonces)} on transfers, for credits that were lost with a database may wait in a pool: "
                    "nothing is signed until that is final in our index")  # fmt: skip
    return Adopt(nonces.stop, frozenset(), f"{_spent(nonces)} on transfers, or by what was lost", lost=False)


def may_begin(intent: Intent, books: Books) -> bool:
    """Say whether a credit may have its first transaction: none while one by somebody else may turn out to be it."""
    return books.signer.paused_reason is None and intent.provider not in books.unsure


def describe_stranger(unknown: Collection[int]) -> Halt:
    """Return the halt for nonces that somebody else has spent, with what a person can do."""
    return Halt(
        f"{_spent(unknown)}, and not by this reactor. Find out who uses the key; if these are credits of a database "
        "that was lost, or of another backend, `lamda credits adopt` counts them in"
    )


def _spent(nonces: Collection[int]) -> str:
    first, last = min(nonces), max(nonces)
    return f"nonce {first} was spent" if first == last else f"nonces {first} to {last} were spent"
