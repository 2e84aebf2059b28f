"""Ask for something as an operator does, and let the worker of the chain do it."""

from chain.rpc import Rpc
from indexer.reader import Reader
from indexer.requests import Worker
from indexer.rereading_values import Findings
from models.requests import Request, RequestKind
from models.values import Chain
from runtime import asking_store
from runtime.asking_store import NewRequest
from runtime.database import Pool
from tests.integration.indexer.conftest import OFFLINE_AFTER
from tests.integration.local_chain import World

BY = "an operator"


async def ask(
    pool: Pool,
    kind: RequestKind,
    chain: Chain = Chain.BSC,
    *,
    first: int | None = None,
    last: int | None = None,
    repairs: bool | None = None,
) -> int:
    """Insert a request and return its number."""
    request = NewRequest(
        kind=kind,
        chain=chain,
        first_block=first,
        last_block=last,
        repairs=kind is RequestKind.REINDEX if repairs is None else repairs,
        requested_by=BY,
    )
    async with pool.connection() as connection:
        return await asking_store.insert(connection, request)


async def asked(pool: Pool, number: int) -> Request:
    """Return a request as it stands."""
    async with pool.connection() as connection:
        found = await asking_store.find(connection, number)
    assert found is not None
    return found


async def answer(
    world: World,
    pool: Pool,
    kind: RequestKind,
    chain: Chain = Chain.BSC,
    *,
    first: int | None = None,
    last: int | None = None,
    repairs: bool | None = None,
) -> Request:
    """Ask, let the worker work, and return what became of it."""
    number = await ask(pool, kind, chain, first=first, last=last, repairs=repairs)
    await work(world, pool, chain)
    return await asked(pool, number)


async def work(world: World, pool: Pool, chain: Chain = Chain.BSC, *, url: str | None = None) -> None:
    """Let the worker of a chain do one thing, through the chain's own endpoint or another."""
    followed = world.job_manager if chain is Chain.BSC else world.node_reputation
    async with Rpc([url or world.chain(chain).url]) as rpc:
        await Worker(pool, Reader(rpc, followed), followed, offline_after=OFFLINE_AFTER).step()


def findings(request: Request) -> Findings:
    """Return what a request found."""
    assert request.result is not None, request.error
    return Findings.of_json(request.result)
