"""A real node behind the endpoints' choice: looks, ranges and failover."""

from chain.calls import LogFilter, chain_id, logs_in
from chain.contracts import JobManager
from chain.rpc import Rpc
from models.values import BlockRange
from runtime.ports import free_port


async def test_a_real_node_is_looked_at_and_answers_for_ranges(chain_url: str, jobs: JobManager) -> None:
    """Beside one that is not there, which rests with its reason."""
    ours = LogFilter(address=jobs.address, topics=("0x" + "1" * 64,))
    gone = f"http://127.0.0.1:{free_port()}/secret-key"
    async with Rpc([gone, chain_url]) as rpc:
        node = await rpc.look()
        assert node is rpc.endpoints[1]
        assert node.head is not None
        blocks = BlockRange(first=0, last=rpc.finalized())

        assert node.head.height >= blocks.last
        assert await rpc.for_range(blocks).batch([logs_in(blocks, ours)]) == [[]]
        assert await rpc.ask(chain_id()) == hex(5611)
        assert rpc.other_than(node) is None

    rest = rpc.endpoints[0].rests
    assert rest is not None
    assert "Cannot connect to host 127.0.0.1" in rest.reason
    assert "secret-key" not in rest.reason
