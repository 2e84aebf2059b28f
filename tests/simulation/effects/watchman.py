"""Sees every transaction the moment it arrives at an endpoint, and whether the books had it by then."""

from tests.simulation.database import Database
from tests.simulation.effects.transactions import SignedTransaction


class Watchman:
    """All that was ever sent; `wrong` is what should not have been."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.sent: dict[bytes, SignedTransaction] = {}
        self.kept: dict[bytes, bytes | None] = {}
        self.arrivals = 0
        self.wrong: list[str] = []

    async def saw(self, transaction: SignedTransaction) -> None:
        """Take a transaction down. It must be stored by now."""
        self.arrivals += 1
        self.sent[transaction.hash] = transaction
        if transaction.hash not in self.kept:
            await self.look()
        if transaction.hash not in self.kept:
            self.wrong.append(f"nonce {transaction.nonce} was sent before it was stored: {transaction.hash.hex()}")

    async def look(self) -> None:
        """Remember what is stored now: a database that is restored forgets it."""
        async with self._database.connection() as connection:
            rows = await connection.execute("select transaction_hash, job_id from credit_attempts")
            self.kept |= {row[0]: row[1] async for row in rows}
