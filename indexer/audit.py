"""
Compare our rows with the contracts' own counters: a proof that asks for no logs.

At the last final block, where nothing moves any more; where no endpoint keeps the state of it, at the newest block we
have. What FACTS fix must be equal: one `JobCreated` for each job counted, one `JobCountIncremented` for each credit.
What depends on a contract's own rules is only shown beside what our events imply.
"""

from typing import Any, Literal

from chain.calls import Call, header
from chain.errors import RpcError, TryAgain
from chain.rpc import Rpc
from chain.views import number_in, view
from indexer import audit_queries
from indexer.audit_values import Audit, Counter, Expected, Ground
from indexer.values import Followed
from models.values import Chain, checksum_address, show_bytes
from runtime.database import Pool
from runtime.errors import CannotRun


class Auditor:
    """Audits one chain."""

    def __init__(self, pool: Pool, rpc: Rpc, followed: Followed) -> None:
        self._pool = pool
        self._rpc = rpc
        self._followed = followed

    async def audit(self) -> Audit:
        """Return the comparison. Raises an `RpcError` when nobody answers, even about the newest block."""
        chain = self._followed.chain
        async with self._pool.connection() as connection:
            grounds = await audit_queries.grounds(connection, chain)
        if grounds is None or grounds.final.number < grounds.start_block:
            raise CannotRun(f"nothing of {chain} is final in this database yet: there is nothing to audit")
        try:
            counters = await self._counters(grounds.final)
        except RpcError as error:
            if grounds.newest.number == grounds.final.number:
                raise
            counters, moved_because = await self._counters(grounds.newest), str(error)
            return Audit(chain=chain, block=grounds.newest.number, counters=counters, moved_because=moved_because)
        return Audit(chain=chain, block=grounds.final.number, counters=counters)

    async def _counters(self, ground: Ground) -> tuple[Counter, ...]:
        async with self._pool.connection() as connection:
            await connection.execute("set transaction isolation level repeatable read, read only")
            expected = await audit_queries.expected(connection, self._followed.chain, ground.number)
        exact = [each for each in expected if each.is_exact]
        numbers = await self._exact_numbers(ground, exact)
        counters = [Counter(expected=each, theirs=theirs) for each, theirs in zip(exact, numbers, strict=True)]
        return (*counters, *[await self._shown(ground, each) for each in expected if not each.is_exact])

    async def _exact_numbers(self, ground: Ground, exact: list[Expected]) -> list[int]:
        asked: list[Call[Any]] = [header(ground.number), *(self._view(ground, each) for each in exact)]
        found, *answers = await self._rpc.batch(asked)
        if ground.hash is not None and (found is None or found.hash != show_bytes(ground.hash)):
            theirs = "none" if found is None else found.hash
            raise TryAgain(f"block {ground.number} is {show_bytes(ground.hash)} to us and {theirs} to the endpoint")
        return [self._number(each, answer) for each, answer in zip(exact, answers, strict=True)]

    async def _shown(self, ground: Ground, expected: Expected) -> Counter:
        try:
            answer = await self._rpc.ask(self._view(ground, expected))
            return Counter(expected=expected, theirs=self._number(expected, answer))
        except RpcError as error:
            return Counter(expected=expected, theirs=None, why=str(error))

    @property
    def _name(self) -> Literal["JobManager", "NodeReputation"]:
        return "JobManager" if self._followed.chain is Chain.BSC else "NodeReputation"

    def _view(self, ground: Ground, expected: Expected) -> Call[str]:
        arguments = () if expected.argument is None else (checksum_address(expected.argument),)
        return view(self._name, self._followed.contract, expected.function, *arguments, at=ground.number)

    def _number(self, expected: Expected, answer: str) -> int:
        return number_in(self._name, self._followed.contract, expected.function, answer)
