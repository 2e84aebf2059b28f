"""Which chains a command works on: those the settings name, or those of the world that runs in the data folder."""

from collections.abc import Sequence

from devnet.anvil import BSC, OPBNB
from devnet.world import World
from indexer.program import Source
from indexer.values import Followed
from models.values import Chain
from runtime.ports import LOOPBACK
from runtime.settings import BscSettings, IndexerSettings, OpbnbSettings, load


def sources(chains: Sequence[Chain], indexer: IndexerSettings, *, world: World | None = None) -> list[Source]:
    """Return where each chain is. Raises `CannotRun` that lists every setting that is missing or wrong."""
    if world is not None and world.is_whole:
        groups = [_of_world(world, chain) for chain in chains]
    else:
        groups = list(load(*(BscSettings if chain is Chain.BSC else OpbnbSettings for chain in chains)))
    return [source(group, indexer) for group in groups]


def source(settings: BscSettings | OpbnbSettings, indexer: IndexerSettings) -> Source:
    """Return a chain as its settings say."""
    if isinstance(settings, BscSettings):
        followed = Followed(
            chain=Chain.BSC,
            chain_id=settings.bsc_chain_id,
            contract=settings.job_manager_contract_address,
            start_block=settings.bsc_start_block,
        )
        return _proven(followed, settings.bsc_rpc_url, indexer.bsc_poll_seconds, indexer)
    followed = Followed(
        chain=Chain.OPBNB,
        chain_id=settings.opbnb_chain_id,
        contract=settings.node_reputation_contract_address,
        start_block=settings.opbnb_start_block,
    )
    return _proven(followed, settings.opbnb_rpc_url, indexer.opbnb_poll_seconds, indexer)


def _proven(followed: Followed, urls: tuple[str, ...], poll_seconds: float, indexer: IndexerSettings) -> Source:
    return Source(
        followed=followed,
        urls=urls,
        poll_seconds=poll_seconds,
        history_proof=indexer.history_proof,
        head_proof=indexer.head_proof,
    )


def _of_world(world: World, chain: Chain) -> BscSettings | OpbnbSettings:
    assert world.job_manager is not None, "the world is whole"
    assert world.node_reputation is not None, "the world is whole"
    # Through the settings, which read addresses and URLs from text; what is given here goes before the environment.
    if chain is Chain.BSC:
        return BscSettings(
            bsc_rpc_url=f"http://{LOOPBACK}:{world.bsc_port}",  # type: ignore[arg-type]  # Read from text.
            bsc_chain_id=BSC.chain_id,
            bsc_start_block=world.job_manager.block,
            job_manager_contract_address=world.job_manager.address,  # type: ignore[arg-type]  # Read from text.
        )
    return OpbnbSettings(
        opbnb_rpc_url=f"http://{LOOPBACK}:{world.opbnb_port}",  # type: ignore[arg-type]  # Read from text.
        opbnb_chain_id=OPBNB.chain_id,
        opbnb_start_block=world.node_reputation.block,
        node_reputation_contract_address=world.node_reputation.address,  # type: ignore[arg-type]  # Read from text.
    )
