"""
Those who watch a run: a reader of the change feed, and somebody who never takes an eye off the checkpoints.

What the reader was told must stay, and must be the whole story: without a gap, each change beginning where the one
before it ended, and all of them together amounting to what the tables say in the end.
"""

from collections.abc import Sequence
from typing import Any, Final

from models.feed import ChangeKind
from models.state import JOBS, PROVIDERS, Derivation
from runtime import feed
from runtime.feed import Change
from tests.simulation.blockchain import Blockchain
from tests.simulation.database import SimulatedConnection
from tests.simulation.oracle import Differs

OF_ENTITY: Final[dict[str, Derivation]] = {each.entity.value: each for each in (JOBS, PROVIDERS)}
ALL: Final = 10_000_000


class FeedReader:
    """Reads the feed as it grows, and keeps what it makes of it."""

    def __init__(self) -> None:
        self._read: list[tuple[int, Change]] = []
        self._shown: dict[str, dict[str, Any]] = {entity: {} for entity in OF_ENTITY}

    async def look(self, connection: SimulatedConnection) -> None:
        """Read what is new. Raises `Differs` when it does not follow from what was read before."""
        news = await feed.read_after(connection, len(self._read), limit=ALL)
        expected = list(range(len(self._read) + 1, len(self._read) + 1 + len(news)))
        if [position for position, _ in news] != expected:
            raise Differs(f"feed: positions {[position for position, _ in news][:5]}… after {len(self._read)}")
        self._read += news
        resynced = {change.entity.value for _, change in news if change.kind is ChangeKind.RESYNC}
        for position, change in news:
            if change.entity.value in self._shown and change.entity.value not in resynced:
                self._apply(position, change)
        for entity in sorted(resynced):
            self._shown[entity] = await watched(connection, OF_ENTITY[entity])

    async def conclude(self, connection: SimulatedConnection) -> None:
        """Raise `Differs` unless all that was read still stands, and amounts to what the tables say."""
        await self.look(connection)
        if (stands := await feed.read_after(connection, 0, limit=ALL)) != self._read:
            different = next(pair for pair in zip(stands, self._read, strict=False) if pair[0] != pair[1])
            raise Differs(f"feed: read {different[1]}, stands {different[0]}")
        for entity, shown in self._shown.items():
            if shown != (truth := await watched(connection, OF_ENTITY[entity])):
                wrong = {key for key in shown.keys() | truth.keys() if shown.get(key) != truth.get(key)}
                raise Differs(f"feed: it amounts to {[(key, shown.get(key), truth.get(key)) for key in sorted(wrong)]}")

    def _apply(self, position: int, change: Change) -> None:
        shown, key = self._shown[change.entity.value], str(change.key)
        if shown.get(key) != change.before:
            raise Differs(f"feed: change {position} of {key} is from {change.before}, shown was {shown.get(key)}")
        if change.after is None:
            del shown[key]
        else:
            shown[key] = change.after


async def watched(connection: SimulatedConnection, derivation: Derivation) -> dict[str, Any]:
    """Return the columns that changes show, of every row there is."""
    statement = f"select {derivation.shown}, {derivation.watched} from {derivation.table} it"
    return dict(await (await connection.execute(statement.encode())).fetchall())


class Guard:
    """Watches that finality never goes back, and that nothing is called final that is not."""

    def __init__(self, chains: Sequence[Blockchain]) -> None:
        self._chains = chains
        self._final_through: dict[str, int] = {}

    async def look(self, connection: SimulatedConnection) -> None:
        """Raise `Differs` when finality went back, or holds for a block that the chain has not made final."""
        for chain in self._chains:
            name = chain.chain.value
            found = await connection.execute(
                """
                select final_through, blocks.hash from checkpoints
                left join blocks on blocks.chain = checkpoints.chain and blocks.number = final_through
                where checkpoints.chain = %s
                """,
                (name,),
            )
            row = await found.fetchone()
            if row is None:
                continue
            final_through, block_hash = row
            if final_through < self._final_through.get(name, final_through):
                raise Differs(f"{name}: final through went back from {self._final_through[name]} to {final_through}")
            self._final_through[name] = final_through
            _check_final(chain, final_through, block_hash)
            await _check_proofs(connection, name)


async def _check_proofs(connection: SimulatedConnection, chain: str) -> None:
    rows = await connection.execute(
        """
        select number, (select upper(range_agg(blocks)) - 1 from proofs where proofs.chain = checkpoints.chain)
        from checkpoints where chain = %s and number >= start_block
        """,
        (chain,),
    )
    for number, through in await rows.fetchall():
        if number != through:
            raise Differs(f"{chain}: blocks are proven through {through}, we are at {number}")


def _check_final(chain: Blockchain, final_through: int, block_hash: bytes | None) -> None:
    block = chain.at(final_through)
    if final_through > chain.finalized or block is None:
        raise Differs(f"{chain.chain}: final through {final_through}, the chain is final through {chain.finalized}")
    if block_hash is not None and block.hash != block_hash:
        raise Differs(f"{chain.chain}: block {final_through} is called final, and is not on the chain")
