"""
Credit finished jobs on chain, each exactly once.

    read    the books, the account, and the receipts of what is live
    decide  `settle`: which jobs the chain has credited already, and for each open intent what to do
    commit  intents; transactions signed and stored
    act     send what is stored

Before anything is signed, our index must cover every nonce that the account has used and we cannot explain: an empty
or restored database waits here, and what it finds on chain counts as credited.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog

from chain.sending import Answer
from dispatch import settle
from dispatch.chain_writer import ChainWriter, DryRunFailed
from dispatch.credit_store import CreditStore
from dispatch.credit_values import Account, Attempt, Books, Intent
from dispatch.settle import GiveUpNonce, Replace, Send, Sign, Stranger, Verdict
from models.values import Fees, checksum_address, show_bytes

logger = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Credited:
    """
    What one step did: intents decided (adopted among them), transactions sent.

    `refusal` is why a dry run kept us from signing, or empty.
    """

    decided: int
    adopted: int
    sent: int
    refusal: str


@dataclass(frozen=True, slots=True)
class Held:
    """Nothing is signed until the reason is gone."""

    reason: str


class KeyUsedByStranger(Exception):
    """A transaction we know nothing of used our account's nonce: a person must look before anything more is signed."""


class Crediting:
    """The signer's loop."""

    def __init__(
        self, store: CreditStore, writer: ChainWriter, *, clock: Callable[[], datetime], fee_max_wei: int
    ) -> None:
        self._store = store
        self._writer = writer
        self._clock = clock
        self._fee_max_wei = fee_max_wei

    async def step(self) -> Credited | Held:
        """Bring every credit one step nearer. Raises an `RpcError`, a database error or `KeyUsedByStranger`."""
        books = await self._store.books()
        if books.final_block < 0:
            return Held("opBNB is not indexed yet, or paused")
        account = await self._writer.account(final_block=books.final_block)
        if strange := settle.unexplained(account, books.nonces):
            return Held(
                f"nonces {strange} were used by transactions that this database does not know: "
                "nothing is signed until they are final in our index"
            )
        adopted = settle.adopt(books)
        await self._store.decide(books, adopted, self._clock())
        sent, refusal = await self._settle_all(books.without(adopted), account)
        return Credited(decided=len(books.due), adopted=len(adopted), sent=sent, refusal=refusal)

    async def _settle_all(self, books: Books, account: Account) -> tuple[int, str]:
        receipts = await self._writer.receipts(
            attempt.transaction_hash
            for intent in books.open
            for attempt in intent.live
            if attempt.nonce < account.latest
        )
        taken, sent, refusal = books.nonces, 0, ""
        for intent in books.open:
            verdict = settle.settle(intent, account, receipts, now=self._clock(), fee_max_wei=self._fee_max_wei)
            if verdict == Sign() and not settle.room(account, taken):
                continue
            try:
                taken |= await self._carry_out(intent, verdict, account, taken)
                sent += isinstance(verdict, Sign | Send | Replace)
            except DryRunFailed as error:
                refusal = error.reason
        return sent, refusal

    async def _carry_out(
        self, intent: Intent, verdict: Verdict, account: Account, taken: frozenset[int]
    ) -> frozenset[int]:
        """Do what was decided for an intent; return the nonce it took, if it took one."""
        match verdict:
            case Sign():
                nonce = settle.next_nonce(account, taken)
                await self._send(intent, await self._sign(intent, nonce, account.fees))
                return frozenset({nonce})
            case Send(attempt):
                await self._send(intent, attempt)
            case Replace(nonce, fees):
                await self._send(intent, await self._sign(intent, nonce, fees))
            case GiveUpNonce(reason):
                await self._store.give_up_nonce(intent, reason, self._clock())
                logger.warning("credit.reverted", job=show_bytes(intent.job_id), reason=reason)
            case Stranger(nonce):
                raise KeyUsedByStranger(f"nonce {nonce} was used by a transaction that this reactor never signed")
        return frozenset()

    async def _sign(self, intent: Intent, nonce: int, fees: Fees) -> Attempt:
        signed = await self._writer.sign(intent.provider, nonce=nonce, fees=fees)
        now = self._clock()
        await self._store.keep(intent, nonce, fees, signed, now)
        return Attempt(
            transaction_hash=signed.hash, nonce=nonce, raw=signed.raw, fees=fees, signed_at=now, sent_at=None
        )

    async def _send(self, intent: Intent, attempt: Attempt) -> None:
        answer = await self._writer.send(attempt.raw)
        await self._store.sent(intent, attempt.transaction_hash, self._clock())
        say = logger.info if answer in (Answer.TAKEN, Answer.PERHAPS_TAKEN) else logger.warning
        say(
            "credit.sent",
            job=show_bytes(intent.job_id),
            provider=checksum_address(intent.provider),
            nonce=attempt.nonce,
            transaction=show_bytes(attempt.transaction_hash),
            answer=answer.name,
        )
