"""Chains, the blocks on them, and where our copies of them stand."""

from datetime import datetime

import strawberry

from graphql_api.life_rows import EventRow
from graphql_api.readiness import lag_blocks, lag_seconds, reason_not_ready
from graphql_api.reading import Reading, World
from graphql_api.rows import CheckpointRow, JobRow, ProviderRow
from graphql_api.scalars import Address, Bytes32
from models.values import Chain, checksum_address

Info = strawberry.Info[Reading, None]

EXPLORERS = {
    56: "https://bscscan.com",
    97: "https://testnet.bscscan.com",
    204: "https://opbnbscan.com",
    5611: "https://testnet.opbnbscan.com",
}
"""Where people look at a chain, by chain id, unless a setting says another place."""

strawberry.enum(Chain)


@strawberry.type
class BlockRef:
    """A position on a chain, and whether it can still be undone."""

    chain: Chain
    number: int
    hash: Bytes32
    timestamp: datetime

    @strawberry.field
    async def final(self, info: Info) -> bool:
        """True when no reorganisation can undo it any more."""
        return self.number <= await info.context.final_through(self.chain)


@strawberry.type
class Source:
    """The log a fact came from."""

    block: BlockRef
    transaction_hash: Bytes32
    log_index: int

    @classmethod
    def of_job(cls, row: JobRow) -> "Source":
        """Return the `JobCreated` of a job."""
        block = BlockRef(
            chain=Chain.BSC, number=row.source_block, hash=Bytes32(row.source_hash), timestamp=row.created_at
        )
        return cls(block=block, transaction_hash=Bytes32(row.source_transaction), log_index=row.source_log_index)

    @classmethod
    def of_provider(cls, row: ProviderRow) -> "Source | None":
        """Return the newest registration of a provider, or None when it never registered."""
        if (
            row.source_block is None
            or row.source_hash is None
            or row.source_time is None
            or row.source_transaction is None
            or row.source_log_index is None
        ):
            return None
        block = BlockRef(
            chain=Chain.OPBNB, number=row.source_block, hash=Bytes32(row.source_hash), timestamp=row.source_time
        )
        return cls(block=block, transaction_hash=Bytes32(row.source_transaction), log_index=row.source_log_index)

    @classmethod
    def of_event(cls, row: EventRow) -> "Source | None":
        """Return the log of a step in a job's life, or None for one that happened off chain."""
        if (
            row.chain is None
            or row.block_number is None
            or row.block_hash is None
            or row.transaction_hash is None
            or row.log_index is None
        ):
            return None
        block = BlockRef(
            chain=Chain(row.chain), number=row.block_number, hash=Bytes32(row.block_hash), timestamp=row.at
        )
        return cls(block=block, transaction_hash=Bytes32(row.transaction_hash), log_index=row.log_index)


@strawberry.type
class ChainStatus:
    """Where our copy of one chain stands: `ready` is false when it is behind, paused or stalled; see `reason`."""

    chain: Chain
    chain_id: int
    contract: Address
    explorer_url: str | None
    indexed: BlockRef | None
    finalized: int | None
    head: int | None
    lag_blocks: int | None
    lag_seconds: float | None
    ready: bool
    reason: str | None

    @classmethod
    def of(cls, row: CheckpointRow, world: World) -> "ChainStatus":
        """Return what a checkpoint says, judged by this process's patience."""
        chain, reason = Chain(row.chain), reason_not_ready(row, world.patience)
        return cls(
            chain=chain,
            chain_id=row.chain_id,
            contract=Address(checksum_address(row.contract_address)),
            explorer_url=world.explorers.get(row.chain, EXPLORERS.get(row.chain_id)) or None,
            indexed=BlockRef(chain=chain, number=row.number, hash=Bytes32(row.hash), timestamp=row.block_time),
            finalized=row.finalized,
            head=row.head,
            lag_blocks=lag_blocks(row),
            lag_seconds=lag_seconds(row),
            ready=reason is None,
            reason=reason,
        )
