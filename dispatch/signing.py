"""
Sign, store and send: what was decided for credits, in that order.

New credits are signed together and stored in one commit, then sent together. Before one is signed the contract is
asked in a dry run whether it would go through, and how often it has counted the provider: an index that has not seen
all of these increments is in no state to add one.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from chain.sending import Answer
from dispatch import settle
from dispatch.chain_writer import GAS_MARGIN, RELEASE_GAS, ChainWriter, CreditRefused, SignerRefused
from dispatch.credit_store import CreditStore, NewAttempt
from dispatch.credit_values import Account, Attempt, Books, Intent, Kind, Limits
from dispatch.settle import Release, Replace, Send, Sign, Verdict
from models.values import BlockId, Fees, checksum_address, show_bytes

logger = structlog.get_logger()

L1_FEE_MARGIN = 2
"""How many times over the L1 fee must be there: it moves with the L1's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """From which of our blocks the contract is asked, and which nonce is the next."""

    head: BlockId
    next_nonce: int


class Signing:
    """The hand that signs."""

    def __init__(self, store: CreditStore, writer: ChainWriter, limits: Limits, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._writer = writer
        self._limits = limits
        self._clock = clock

    async def carry_out(
        self, verdicts: Sequence[tuple[Intent, Verdict]], books: Books, account: Account, order: Order
    ) -> tuple[int, str]:
        """Sign and send what was decided; return how many were sent, and what keeps these or others from going on."""
        waiting = [(intent, verdict.attempt) for intent, verdict in verdicts if isinstance(verdict, Send)]
        new, complaint = await self._replacements(verdicts, books, order)
        unsigned = [intent for intent, verdict in verdicts if isinstance(verdict, Sign)]
        live = [attempt for intent in books.live for attempt in intent.live if attempt.nonce >= account.latest]
        if hindrance := settle.hindrance(live, account, self._limits):
            complaint = complaint or (hindrance if unsigned or live else "")
        elif unsigned:
            first, reason = await self._first_attempts(unsigned, books, account, order)
            new, complaint = [*new, *first], complaint or reason
        now = self._clock()
        await self._store.keep(new, now)
        waiting += [(attempt.intent, attempt.stored(now)) for attempt in new]
        await self._send(sorted(waiting, key=lambda each: each[1].nonce))
        return len(waiting), complaint

    async def _replacements(
        self, verdicts: Sequence[tuple[Intent, Verdict]], books: Books, order: Order
    ) -> tuple[list[NewAttempt], str]:
        new: list[NewAttempt] = []
        complaint = ""
        for intent, verdict in verdicts:
            match verdict:
                case Replace(nonce, fees):
                    attempt, reason = await self._replace(intent, nonce, fees, books, order)
                    new, complaint = [*new, *attempt], complaint or reason
                case Release(nonce, fees, reason):
                    new.append(self._release(intent, nonce, fees, reason))
        return new, complaint

    async def _replace(
        self, intent: Intent, nonce: int, fees: Fees, books: Books, order: Order
    ) -> tuple[list[NewAttempt], str]:
        """Sign a dearer credit, or free the nonce where the contract would refuse the credit, or us, by now."""
        try:
            gas = await self._dry_run(intent, books, order)
        except CreditRefused as error:
            await self._store.block(intent, str(error), self._clock())
            return [self._release(intent, nonce, fees, str(error))], ""
        except SignerRefused as error:
            # The nonce is taken either way; once it is free, whoever owns the contract may credit the job.
            return [self._release(intent, nonce, fees, str(error))], str(error)
        return [self._sign(intent, Kind.CREDIT, nonce, gas, fees)], ""

    async def _first_attempts(
        self, unsigned: Sequence[Intent], books: Books, account: Account, order: Order
    ) -> tuple[list[NewAttempt], str]:
        """Sign credits with new nonces, as many as may wait; return them, and why there are not more."""
        live = [intent.nonce for intent in books.live if intent.nonce is not None]
        fees = settle.first_fees(account, self._limits)
        assert fees is not None, "nothing is signed while gas is too dear"
        chosen = unsigned[: settle.room(account, live)]
        ready, complaint = await self._ready(chosen, books, order)
        new = [
            self._sign(intent, Kind.CREDIT, order.next_nonce + place, gas, fees, starts_nonce=True)
            for place, (intent, gas) in enumerate(ready)
        ]
        affordable, needed = await self._affordable(new, books, account)
        if len(affordable) < len(new):
            complaint = f"the account holds {account.balance_wei} wei, and {needed} may be needed: send it BNB"
        return affordable, complaint

    async def _ready(
        self, chosen: Sequence[Intent], books: Books, order: Order
    ) -> tuple[list[tuple[Intent, int]], str]:
        """Return the intents whose dry run went through, with their gas; those the contract refuses are blocked."""
        # Jobs of one provider are one question.
        asked = {intent.provider: intent for intent in chosen}
        heard = await asyncio.gather(
            *(self._dry_run(intent, books, order) for intent in asked.values()), return_exceptions=True
        )
        outcomes = dict(zip(asked, heard, strict=True))
        ready: list[tuple[Intent, int]] = []
        for intent in chosen:
            match outcome := outcomes[intent.provider]:
                case int():
                    ready.append((intent, outcome))
                case CreditRefused():
                    await self._store.block(intent, str(outcome), self._clock())
                    logger.warning("credit.blocked", job=show_bytes(intent.job_id), reason=str(outcome))
                case SignerRefused():
                    return [], str(outcome)
                case BaseException():
                    raise outcome
        return ready, ""

    async def _dry_run(self, intent: Intent, books: Books, order: Order) -> int:
        """Return the gas that a credit may use. Raises `CreditRefused` and `SignerRefused`."""
        gas, counted = await self._writer.dry_run(intent.provider, head=order.head)
        ours = books.counts.get(intent.provider)
        if ours is not None and counted != ours:
            raise CreditRefused(
                f"the contract has counted {counted} jobs at block {order.head.number} and our index {ours}: "
                "run `lamda verify --chain opbnb`"
            )
        return gas + GAS_MARGIN

    async def _affordable(
        self, new: Sequence[NewAttempt], books: Books, account: Account
    ) -> tuple[list[NewAttempt], int]:
        """Return those new transactions that the account can pay for beside what waits, and what all may cost."""
        if not new:
            return [], 0
        l1_fee = L1_FEE_MARGIN * await self._writer.l1_fee_wei(new[0].signed.raw)
        costs = [_cost_wei(each, l1_fee) for each in new]
        newest = (intent.live[-1] for intent in books.live)
        reserved = sum(_cost_wei(each, l1_fee) for each in newest if each.nonce >= account.latest)
        count = settle.affordable(costs, reserved_wei=reserved, balance_wei=account.balance_wei)
        return list(new[:count]), reserved + sum(costs)

    def _release(self, intent: Intent, nonce: int, fees: Fees, reason: str) -> NewAttempt:
        logger.warning("credit.released", job=show_bytes(intent.job_id), nonce=nonce, reason=reason)
        return self._sign(intent, Kind.RELEASE, nonce, RELEASE_GAS, fees)

    def _sign(
        self, intent: Intent, kind: Kind, nonce: int, gas: int, fees: Fees, *, starts_nonce: bool = False
    ) -> NewAttempt:
        signed = self._writer.sign(kind, intent.provider, nonce=nonce, gas=gas, fees=fees)
        return NewAttempt(
            intent=intent, nonce=nonce, kind=kind, gas=gas, fees=fees, signed=signed, starts_nonce=starts_nonce
        )

    async def _send(self, waiting: Sequence[tuple[Intent, Attempt]]) -> None:
        """Send what is stored, in the order of nonces, and note what endpoints made of it."""
        answers = list(await asyncio.gather(*(self._writer.send(attempt.raw) for _, attempt in waiting)))
        for place, (_, attempt) in enumerate(waiting):
            # Sent side by side, a later one may have come first.
            if answers[place] is Answer.NONCE_AHEAD:
                answers[place] = await self._writer.send(attempt.raw)
        await self._store.sent(waiting, [answer.name for answer in answers], self._clock())
        for (intent, attempt), answer in zip(waiting, answers, strict=True):
            say = logger.info if answer in (Answer.TAKEN, Answer.PERHAPS_TAKEN) else logger.warning
            say(
                "credit.sent",
                job=show_bytes(intent.job_id),
                provider=checksum_address(intent.provider),
                kind=attempt.kind.value,
                nonce=attempt.nonce,
                transaction=show_bytes(attempt.transaction_hash),
                answer=answer.name,
            )


def _cost_wei(attempt: Attempt | NewAttempt, l1_fee_wei: int) -> int:
    return attempt.gas * attempt.fees.max_wei + l1_fee_wei
