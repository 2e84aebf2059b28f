"""The guards that keep every effect single, each with the way to take it away, and a world that needs it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import pytest

from chain.sending import Answer
from dispatch import credit_books_store, credit_store, outbox, permit, settle
from dispatch.credit_store import CreditStore, NewAttempt
from dispatch.credit_values import Account, Books, Intent
from dispatch.intake import Intake
from dispatch.permit import Adopt, Go, Halt, Hold
from dispatch.settle import FreeNonce, Verdict

Patch = pytest.MonkeyPatch


def _send_first(patch: Patch) -> None:
    keep, sent = CreditStore.keep, CreditStore.sent
    unkept: dict[int, Sequence[NewAttempt]] = {}

    async def later(store: CreditStore, attempts: Sequence[NewAttempt], _: datetime) -> None:
        unkept[id(store)] = attempts

    async def now_both(store: CreditStore, attempts: Any, answers: Sequence[str], now: datetime) -> None:
        await keep(store, unkept.pop(id(store), ()), now)
        await sent(store, attempts, answers, now)

    patch.setattr(CreditStore, "keep", later)
    patch.setattr(CreditStore, "sent", now_both)


def _give_up_after_silence(patch: Patch) -> None:
    decide = settle.settle

    def impatient(intent: Intent, account: Account, *more: Any, **limits: Any) -> Verdict:
        newest = intent.live[-1] if intent.live else None
        if newest is not None and newest.nonce >= account.latest and newest.answer is Answer.PERHAPS_TAKEN:
            return FreeNonce("nobody answered", refused=False)
        return decide(intent, account, *more, **limits)

    patch.setattr(settle, "settle", impatient)


def _another_nonce_when_stuck(patch: Patch) -> None:
    hasten = settle._hasten

    def elsewhere(*situation: Any) -> Any:
        return FreeNonce("it takes too long", refused=False) if hasten(*situation) else None

    patch.setattr(settle, "_hasten", elsewhere)


def _no_sweep(patch: Patch) -> None:
    adopt = CreditStore.adopt

    async def and_no_more(*adopted: Any, **_: bool) -> None:
        await adopt(*adopted, unswept=False)

    patch.setattr(CreditStore, "adopt", and_no_more)


def _believe_a_reorg(patch: Patch) -> None:
    patch.setattr(settle, "_consumed", lambda *_, **__: FreeNonce("no receipt", refused=False))


def _any_nonce(patch: Patch) -> None:
    decide = permit.permit

    def goes_on(books: Books, account: Account, *more: Any, **how: Any) -> Go | Hold | Adopt | Halt:
        verdict = decide(books, account, *more, **how)
        return verdict if isinstance(verdict, Go) else Go(max(account.latest, books.accounted or 0))

    patch.setattr(permit, "permit", goes_on)


def _newest_is_final(patch: Patch) -> None:
    patch.setattr(credit_books_store, "_FINALS", credit_books_store._FINALS.replace("final_through", "number"))


def _settle_at_once(patch: Patch) -> None:
    patch.setattr(
        credit_store, "_SETTLE", credit_store._SETTLE.replace("and fact.block_number <= chain.final_through", "")
    )
    patch.setattr(credit_store, "_UNSETTLE", "select")


def _dispatch_at_once(patch: Patch) -> None:
    patch.setattr(outbox, "_DUE", outbox._DUE.replace("job.source_block <= chain.final_through", "true"))


def _once_only(patch: Patch) -> None:
    patch.setattr(outbox, "_DUE", outbox._DUE.replace("or newest.published_at is not null and (", "or false and ("))


def _acknowledge_first(patch: Patch) -> None:
    async def hasty(intake: Intake, reports: Any, *, wait_seconds: float = 1.0) -> int:
        try:
            messages = await reports.fetch(50, timeout=wait_seconds)
        except TimeoutError:
            return 0
        for message in messages:
            await message.ack()
        for message in messages:
            await intake.take(message.subject, message.data)
        return len(messages)

    patch.setattr(Intake, "step", hasty)


@dataclass(frozen=True, slots=True)
class Guard:
    """A guard: a world that needs it, and how to take it away."""

    seed: int
    remove: Callable[[Patch], None]


GUARDS: Final[Mapping[str, Guard]] = {
    "a transaction is stored before it is sent": Guard(0, _send_first),
    "silence means perhaps accepted": Guard(47, _give_up_after_silence),
    "what is stuck is replaced on its own nonce": Guard(2, _another_nonce_when_stuck),
    "a nonce is free only when it was consumed finally without a credit": Guard(47, _believe_a_reorg),
    "nonces that nobody accounts for hold the signer": Guard(0, _any_nonce),
    "what the chain has credited already is adopted": Guard(
        6, lambda patch: patch.setattr(settle, "adopt", lambda *_: frozenset())
    ),
    "nonces that lost transactions may have are swept": Guard(50824, _no_sweep),
    "only a final confirmation is credited": Guard(1, _newest_is_final),
    "only a final increment settles": Guard(47, _settle_at_once),
    "only a final job is dispatched": Guard(0, _dispatch_at_once),
    "a job comes again until its agent answers": Guard(1, _once_only),
    "a report is acknowledged once it is kept": Guard(37, _acknowledge_first),
}
"""By what is no longer so without it."""
