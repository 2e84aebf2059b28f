"""
Make sure that database, chain and settings belong together before anybody follows.

A database is made for one chain id, genesis, contract and start block per chain. Following another into it would
mix two truths, so every mismatch is refused with both values.
"""

from datetime import UTC, datetime

from chain.calls import chain_id, code_at, header
from chain.errors import TryAgain
from chain.rpc import Rpc
from indexer import identity_store
from indexer.identity_store import MadeFor, Start
from indexer.values import Followed
from models.values import ZERO_HASH, BlockId, checksum_address, show_bytes
from runtime.database import Pool
from runtime.errors import CannotRun


class WrongChain(CannotRun):
    """The endpoint, the contract or the database is not the one the settings speak of."""


async def establish(pool: Pool, rpc: Rpc, followed: Followed) -> None:
    """Check the endpoint and the database against the settings; make the checkpoint of a new database."""
    genesis = await _check_endpoint(rpc, followed)
    ours = MadeFor(
        chain_id=followed.chain_id,
        genesis=genesis,
        contract_address=followed.contract,
        start_block=followed.start_block,
    )
    async with pool.connection() as connection, connection.transaction():
        theirs = await identity_store.made_for(connection, followed.chain)
        if theirs is None:
            start = await _start(rpc, followed)
            theirs = await identity_store.claim(connection, followed.chain, ours, start)
        if theirs != ours:
            raise WrongChain(_mismatch(followed, theirs, ours))


async def _check_endpoint(rpc: Rpc, followed: Followed) -> bytes:
    told = await rpc.ask(chain_id())
    answered = int(told, 16)
    if answered != followed.chain_id:
        raise WrongChain(
            f"{followed.chain}: the endpoint is of chain {answered}, settings say {followed.chain.upper()}_CHAIN_ID="
            f"{followed.chain_id}: set {followed.chain.upper()}_RPC_URL or the chain id right"
        )
    if await rpc.ask(code_at(followed.contract)) == "0x":
        raise WrongChain(
            f"{followed.chain}: there is no contract at {checksum_address(followed.contract)} on chain {answered}: "
            f"set the address of {followed.contract_name} right"
        )
    genesis = await rpc.ask(header(0))
    if genesis is None:
        raise TryAgain(f"{followed.chain}: the endpoint has no genesis block")
    return genesis.hash_bytes


async def _start(rpc: Rpc, followed: Followed) -> Start:
    number = followed.start_block - 1
    if number < 0:
        before_genesis = BlockId(number=number, hash=ZERO_HASH)
        return Start(before=before_genesis, parent_hash=ZERO_HASH, time=datetime.fromtimestamp(0, UTC))
    before = await rpc.ask(header(number))
    if before is None:
        raise WrongChain(
            f"{followed.chain}: the chain has no block {number} yet, {followed.chain.upper()}_START_BLOCK is "
            f"{followed.start_block}: set it to the block {followed.contract_name} was deployed in"
        )
    return Start(
        before=BlockId(number=number, hash=before.hash_bytes), parent_hash=before.parent_hash_bytes, time=before.time
    )


def _mismatch(followed: Followed, theirs: MadeFor, ours: MadeFor) -> str:
    values = {
        "chain id": (theirs.chain_id, ours.chain_id),
        "genesis": (show_bytes(theirs.genesis), show_bytes(ours.genesis)),
        "contract address": (checksum_address(theirs.contract_address), checksum_address(ours.contract_address)),
        "start block": (theirs.start_block, ours.start_block),
    }
    wrong = [f"{name} {made_for}, not {set_to}" for name, (made_for, set_to) in values.items() if made_for != set_to]
    return (
        f"{followed.chain}: this database was made for {'; '.join(wrong)}. "
        "Use the settings it was made for, or another database."
    )
