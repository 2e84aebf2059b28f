"""Branches of BSC that part from what the indexer has: a chain that broke its word, and an endpoint that strayed."""

from collections.abc import Collection
from typing import Any

from models.values import Chain
from tests.effects.marketplace import Marketplace, until
from tests.integration.meddler import Call, Complaint, Meddle
from tests.rehearsals.endpoints import NO_LOGS

FINALITY = 6
"""More blocks than finality takes here."""

DEEP = 12
"""More blocks than are not final here."""

READ_SECONDS_MAX = 30.0
STANDING = "select number, paused_reason from checkpoints where chain = %s"


async def is_read(marketplace: Marketplace, chain: Chain = Chain.BSC) -> bool:
    """Say whether the index has come to a chain's head and is not paused."""
    ((number, paused),) = await marketplace.market.ask(STANDING, chain)
    return paused is None and bool(number >= await marketplace.world.chain(chain).head() - 1)


async def comes_to_the_head(marketplace: Marketplace) -> None:
    """Return when BSC is read to its head."""
    await until(lambda: is_read(marketplace), within=READ_SECONDS_MAX, what="bsc is read to its head")


async def is_paused(marketplace: Marketplace) -> bool:
    """Say whether BSC is paused."""
    ((_, paused),) = await marketplace.market.ask(STANDING, Chain.BSC)
    return paused is not None


async def is_left(marketplace: Marketplace, depth: int) -> int:
    """Replace so many blocks of BSC, which is still, by empty ones; return the fork once the chain is paused for it."""
    bsc = marketplace.world.bsc
    fork = await bsc.head() - depth
    await bsc.reorg(depth)
    await bsc.mine(FINALITY)
    await until(lambda: is_paused(marketplace), within=READ_SECONDS_MAX, what="bsc is paused")
    return fork


async def is_gone_through(marketplace: Marketplace, count: int) -> list[bytes]:
    """Have jobs created, run, confirmed and credited in few blocks of BSC, which is still; return them."""
    bsc, before = marketplace.world.bsc, (await marketplace.credited()).total()
    jobs = await marketplace.open_jobs(count)
    await bsc.mine(FINALITY)
    await until(lambda: all(marketplace.jobs[job].is_confirmed for job in jobs), within=30, what="all are confirmed")
    await until(lambda: _waits(marketplace, count), within=30, what="the confirmations wait")
    await bsc.mine(FINALITY)

    async def is_credited() -> bool:
        return (await marketplace.credited()).total() == before + count

    await until(is_credited, within=30, what="all are credited")
    return jobs


async def _waits(marketplace: Marketplace, count: int) -> bool:
    return int((await marketplace.world.bsc.ask("txpool_status"))["pending"], 16) >= count


async def are_paid_again(marketplace: Marketplace, jobs: Collection[bytes]) -> None:
    """Have the renter create jobs anew that left the chain; return when each is confirmed once more."""
    for job_id in jobs:
        job = marketplace.jobs[job_id]
        job.is_confirmed = False
        async with marketplace.sending:
            await marketplace.world.create_job(job_id, provider=marketplace.market.provider(job.provider))
    await until(lambda: all(marketplace.jobs[job].is_confirmed for job in jobs), within=30, what="all are confirmed")


def strays_above(fork: int) -> Meddle:
    """Return how an endpoint answers that stands on a branch of its own, empty of logs, above a block."""

    def meddle(call: Call, result: Any) -> Any:
        if call["method"] == "eth_getLogs":
            return Complaint("unknown block") if "blockHash" in call["params"][0] else _through(fork, result)
        if call["method"] == "eth_getBlockByHash" and result and int(result["number"], 16) > fork:
            return None
        if not isinstance(result, dict) or "parentHash" not in result or int(result["number"], 16) <= fork:
            return result
        parent = result["parentHash"]
        is_first = int(result["number"], 16) == fork + 1
        return {
            **result,
            "hash": _other(result["hash"]),
            "parentHash": parent if is_first else _other(parent),
            "logsBloom": NO_LOGS,
        }

    return meddle


def _through(fork: int, logs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [log for log in logs if int(log["blockNumber"], 16) <= fork]


def _other(block_hash: str) -> str:
    return "0x" + bytes(byte ^ 0xFF for byte in bytes.fromhex(block_hash[2:])).hex()
