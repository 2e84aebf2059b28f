"""
Credit finished jobs on chain, each exactly once.

    read    the books, the account, and the receipts of what is live
    decide  `permit`: may the account be used; `settle`: for each open intent what to do
    commit  intents, once their confirmations have been read again; transactions signed and stored
    act     send what is stored

No credit is sent that is not stored, and nothing signed on a nonce unless all before it are accounted for.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from dispatch import permit, settle
from dispatch.chain_writer import ChainWriter
from dispatch.credit_store import CreditStore
from dispatch.credit_values import Account, Books, Intent, Limits
from dispatch.nonce_watch import NonceWatch
from dispatch.permit import Adopt, Go, Halt, Hold, Spend
from dispatch.settle import FreeNonce, Sign, Stranger, Unclear, Verdict, Wait
from dispatch.signing import Order, Signing
from dispatch.sweep import Sweep
from dispatch.witness import Witness
from models.values import BlockId, checksum_address, show_bytes

UNKNOWN_MAX = 1_000
"""How many transactions a database may have lost and adopt again by itself."""

logger = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Credited:
    """
    What one step did: intents decided (adopted among them), transactions sent.

    `complaint` is why something does not go on, or empty.
    """

    decided: int = 0
    adopted: int = 0
    sent: int = 0
    complaint: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """Nothing is signed until the reason is gone."""

    reason: str


class Crediting:
    """The signer's loop, for as long as it holds its lease."""

    def __init__(
        self,
        store: CreditStore,
        writer: ChainWriter,
        witness: Witness,
        *,
        limits: Limits,
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._writer = writer
        self._witness = witness
        self._limits = limits
        self._clock = clock
        self._signing = Signing(store, writer, limits, clock)
        self._watch = NonceWatch(writer)
        self._sweep = Sweep(writer, limits, clock)
        # Until every nonce was accounted for once, those we do not know may be history.
        self._starting = True
        self._height_at_start = 0

    async def step(self) -> Credited | Held:
        """Bring every credit one step nearer. Raises an `RpcError` or a database error."""
        balance: int | None = None
        books = await self._store.books(self._clock(), resting=len(self._witness.resting))
        outcome: Credited | Held | None = _held(permit.standing(books))
        if outcome is None and books.head is not None:
            account = await self._watch.account(books.head, books.final_block, everywhere=self._starting)
            balance = account.balance_wei
            outcome = await self._proceed(books, account, books.head)
        assert outcome is not None, "books without a head are held"
        reason = outcome.reason if isinstance(outcome, Held) else outcome.complaint
        await self._store.beat(waits_for=reason, balance_wei=balance)
        return outcome

    async def _proceed(self, books: Books, account: Account, head: BlockId) -> Credited | Held:
        verdicts = await self._settle(books, account)
        strange = [verdict.nonce for _, verdict in verdicts if isinstance(verdict, Stranger)]
        self._height_at_start = self._height_at_start or account.height
        # What comes to light before this database has signed anything is a former backend's, out of some pool.
        starting = self._starting or not books.has_signed or books.unswept
        match permit.permit(books, account, strange, starting=starting, height_at_start=self._height_at_start):
            case Hold(reason):
                return Held(reason)
            case Halt(reason):
                return await self._halt(reason)
            case Adopt() as adoption:
                return await self._adopt(books, adoption, verdicts)
            case Spend(nonces):
                return await self._spend(books, account, verdicts, nonces)
            case Go(next_nonce):
                is_unclear = any(isinstance(verdict, Unclear) for _, verdict in verdicts)
                # A person's word may be about a nonce whose spending is not final yet as far as we have watched.
                if books.signer.adopts and not is_unclear:
                    await self._store.heed()
                self._starting = self._starting and is_unclear
                return await self._credit(books, account, verdicts, Order(head=head, next_nonce=next_nonce))

    async def _settle(self, books: Books, account: Account) -> list[tuple[Intent, Verdict]]:
        """Return what to do for each intent whose nonce is ours to judge, or that has none."""
        ours = [intent for intent in books.open if intent.signer in (None, books.signer.address)]
        receipts = await self._writer.receipts(
            (each.transaction_hash for intent in ours for each in intent.live if each.nonce < account.latest),
            final=books.final_block,
        )
        now = self._clock()
        return [(each, settle.settle(each, account, receipts, now=now, limits=self._limits)) for each in ours]

    async def _halt(self, reason: str) -> Held:
        await self._store.halt(reason)
        logger.error("credit.halted", reason=reason)
        return Held(f"halted: {reason}")

    async def _adopt(self, books: Books, adoption: Adopt, verdicts: Sequence[tuple[Intent, Verdict]]) -> Held:
        """Account for nonces as history; those of ours that others spent are free, and their credits surplus."""
        if adoption.unknown:
            credits_of = await self._store.unexplained(books.final_block, UNKNOWN_MAX)
            if missing := adoption.unknown - await self._writer.own_nonces(credits_of, final=books.final_block):
                return await self._halt(permit.describe_stranger(missing).reason)
        for intent, verdict in verdicts:
            if isinstance(verdict, Stranger):
                await self._store.free(intent, "spent by a transaction that this database does not know", self._clock())
        may_wait = books.signer.was_restored or bool(await self._store.unexplained(books.final_block, 1))
        now = self._clock()
        await self._store.adopt(
            adoption.nonces, books.final_block, adoption.reason, now, unswept=adoption.lost and may_wait
        )
        await self._store.heed()
        logger.warning("credit.adopted", nonces=adoption.nonces, block=books.final_block, reason=adoption.reason)
        return Held(f"adopted {adoption.nonces} nonces: {adoption.reason}")

    async def _spend(
        self, books: Books, account: Account, verdicts: Sequence[tuple[Intent, Verdict]], nonces: range
    ) -> Credited | Held:
        """
        Spend nonces that lost transactions may have; what is signed already goes on, for it comes before these.

        Nonces that were consumed without a credit are free at once: who owns the contract by now may credit the jobs.
        """
        assert books.head is not None, "books without a head are held"
        await self._free_each(verdicts)
        begun = [(intent, verdict) for intent, verdict in verdicts if not isinstance(verdict, Sign)]
        order = Order(head=books.head, next_nonce=nonces.stop)
        sent, complaint = await self._signing.carry_out(begun, books, account, order)
        if books.signer.paused_reason is not None:
            return Credited(sent=sent, complaint=f"paused: {books.signer.paused_reason}")
        spent, trouble = await self._sweep.send(nonces, account)
        waits = (
            f"nonces {nonces[0]} to {nonces[-1]} are spent on transfers first: "
            "credits that were lost with a database may wait for them in a pool"
        )
        return Credited(sent=sent + spent, complaint=complaint or trouble or waits)

    async def _credit(
        self, books: Books, account: Account, verdicts: Sequence[tuple[Intent, Verdict]], order: Order
    ) -> Credited:
        await self._free_each(verdicts)
        adopted, decided = await self._decide(books)
        unproven = len(books.due) - decided
        # What is signed already goes on: its nonce is spent either way.
        wanted = [
            (intent, verdict)
            for intent, verdict in verdicts
            if intent.job_id not in adopted and (not isinstance(verdict, Sign) or permit.may_begin(intent, books))
        ]
        sent, complaint = await self._signing.carry_out(wanted, books, account, order)
        paused = books.signer.paused_reason and f"paused: {books.signer.paused_reason}"
        return Credited(
            decided=decided,
            adopted=len(adopted),
            sent=sent,
            complaint=paused or complaint or _complaint(verdicts) or _unproven(unproven) or _other_signers(books),
        )

    async def _free_each(self, verdicts: Sequence[tuple[Intent, Verdict]]) -> None:
        for intent, verdict in verdicts:
            if isinstance(verdict, FreeNonce):
                await self._free(intent, verdict)

    async def _free(self, intent: Intent, verdict: FreeNonce) -> None:
        now = self._clock()
        await self._store.free(intent, verdict.reason, now)
        if verdict.refused:
            await self._store.block(intent, verdict.reason, now)
        logger.warning("credit.nonce_freed", job=show_bytes(intent.job_id), nonce=intent.nonce, reason=verdict.reason)

    async def _decide(self, books: Books) -> tuple[frozenset[bytes], int]:
        """Make intents of what is due and still on chain; return the jobs adopted, and how many intents there are."""
        resting = self._witness.resting
        proven = set(await self._witness.proven([due.claim for due in books.due if due.claim not in resting]))
        due = tuple(each for each in books.due if each.claim in proven)
        adopted = settle.adopt(books, due)
        await self._store.decide(due, adopted, self._clock())
        for each in due:
            logger.info(
                "credit.decided",
                job=show_bytes(each.job_id),
                provider=checksum_address(each.provider),
                adopted=each.job_id in adopted,
            )
        unproven = (each.block for each in books.due if each.claim not in proven)
        self._store.looked_through(min(unproven, default=books.due_through + 1) - 1)
        return adopted, len(due)


def _held(hold: Hold | None) -> Held | None:
    return None if hold is None else Held(hold.reason)


def _unproven(jobs: int) -> str:
    """Return what to say of finished jobs whose confirmations the endpoints do not vouch for."""
    subject = f"{jobs} finished job{' is' if jobs == 1 else 's are'} not credited"
    return f"{subject}: BSC's endpoints did not agree on the confirmation, see witness.doubt in the log" if jobs else ""


def _complaint(verdicts: Sequence[tuple[Intent, Verdict]]) -> str:
    return next((verdict.complaint for _, verdict in verdicts if isinstance(verdict, Wait) and verdict.complaint), "")


def _other_signers(books: Books) -> str:
    others = {intent.signer for intent in books.open} - {None, books.signer.address}
    names = ", ".join(checksum_address(each) for each in others if each is not None)
    return f"credits signed with another key wait for it: start a reactor with the key of {names}" if names else ""
