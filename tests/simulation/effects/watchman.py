"""Sees every transaction the moment it arrives at an endpoint, and whether the books had it by then."""

from typing import LiteralString

from psycopg.rows import TupleRow

from dispatch.settle import PENDING_MAX
from tests.simulation.database import Database
from tests.simulation.effects.transactions import SignedTransaction

ATTEMPTS: LiteralString = "select transaction_hash, job_id from credit_attempts"
SWEEPS: LiteralString = "select nonces from credit_adoptions where unswept"


class Watchman:
    """All that was ever sent; `wrong` is what should not have been."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.sent: dict[bytes, SignedTransaction] = {}
        self.kept: dict[bytes, bytes | None] = {}
        self.swept: set[int] = set()
        self.arrivals = 0
        self.wrong: list[str] = []

    async def saw(self, transaction: SignedTransaction) -> None:
        """Take a transaction down. It must be stored by now, or be the transfer of nothing that sweeps a nonce."""
        self.arrivals += 1
        self.sent[transaction.hash] = transaction
        if transaction.hash not in self.kept:
            await self.look()
        sweeps = transaction.is_transfer_of_nothing and transaction.nonce in self.swept
        if transaction.hash not in self.kept and not sweeps:
            self.wrong.append(f"nonce {transaction.nonce} was sent before it was stored: {transaction.hash.hex()}")

    async def look(self) -> None:
        """Remember what is stored now."""
        async with self._database.connection() as connection:
            attempts = await (await connection.execute(ATTEMPTS)).fetchall()
            sweeps = await (await connection.execute(SWEEPS)).fetchall()
        self._remember(attempts, sweeps)

    def look_last(self) -> None:
        """Remember what is stored before a restored backup makes the database forget it."""
        self._remember(self._database.read(ATTEMPTS), self._database.read(SWEEPS))

    def _remember(self, attempts: list[TupleRow], sweeps: list[TupleRow]) -> None:
        self.kept |= dict(attempts)
        self.swept |= {first + after for (first,) in sweeps for after in range(PENDING_MAX)}
