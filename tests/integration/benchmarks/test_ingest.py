"""The chains that ingestion is measured on are chains: linked, honest in their blooms, and our own checks say so."""

import pytest

from benchmarks.ingest.chain_values import Made, Order
from benchmarks.ingest.served import served
from benchmarks.ingest.workload import CHAIN_IDS, CONTRACTS, LOGS_PER_BLOCK, Workload
from chain.decode import decode
from chain.rpc import Rpc
from indexer.reader import Reader
from indexer.values import Followed
from models.values import BlockRange, Chain, ProofLevel

BLOCKS, EMPTY = 40, 10
LEVELS = (ProofLevel.PINNED, ProofLevel.HASH, ProofLevel.BLOOM)


@pytest.mark.parametrize("tells_time", [False, True])
async def test_what_the_server_tells_is_the_workload_at_every_level(tells_time: bool) -> None:
    """With the time of a block in its logs, and without."""
    workloads = [Workload(chain=chain, blocks=BLOCKS, empty=EMPTY) for chain in Chain]
    order = Order(made=Made(blocks=BLOCKS, empty=EMPTY), tells_time=tells_time)
    async with served(dict.fromkeys(Chain, order)) as server:
        told = {
            level: [await _told(server.url(each.chain), each.chain, level) for each in workloads] for level in LEVELS
        }

    events = [
        [arguments for number in range(1, BLOCKS + 1) for _, arguments in each.events(number)] for each in workloads
    ]
    assert dict.fromkeys(LEVELS, events) == told


@pytest.mark.parametrize("chain", Chain)
def test_each_busy_block_has_as_many_logs(chain: Chain) -> None:
    """From the first on, and none before."""
    workload = Workload(chain=chain, blocks=BLOCKS, empty=EMPTY)

    assert [len(workload.events(number)) for number in range(BLOCKS + 2)] == [0] * (EMPTY + 1) + [LOGS_PER_BLOCK] * (
        BLOCKS - EMPTY
    ) + [0]


async def _told(url: str, chain: Chain, level: ProofLevel) -> list[tuple[object, ...]]:
    followed = Followed(chain=chain, chain_id=CHAIN_IDS[chain], contract=CONTRACTS[chain], start_block=1)
    async with Rpc([url], chain_id=CHAIN_IDS[chain]) as rpc:
        reader = Reader(rpc, followed)
        await reader.look()
        piece = await reader.history(BlockRange(first=1, last=BLOCKS), level)
    assert level is piece.level
    return [decode(log) for log in piece.logs]
