"""Endpoints of BSC with the ills that endpoints have, and programs that are started anew with others."""

from contextlib import AsyncExitStack
from typing import Any, NoReturn

from tests.effects.marketplace import Marketplace
from tests.integration.local_chain import LocalChain
from tests.integration.meddler import Call, Complaint, HangUp, Meddle, Meddler, TooOften, meddling

NO_LOGS = "0x" + "00" * 256
LOGS, BLOCK, FINALIZED = "eth_getLogs", "eth_getBlockByNumber", "finalized"


def host(endpoint: Meddler) -> str:
    """Return how programs call an endpoint."""
    return endpoint.url.removeprefix("http://")


async def several(stack: AsyncExitStack, marketplace: Marketplace, count: int) -> list[Meddler]:
    """Open so many endpoints before BSC, honest ones, for as long as the stack is open."""
    return [await stack.enter_async_context(meddling(marketplace.world.bsc.url)) for _ in range(count)]


async def restarted(marketplace: Marketplace, *endpoints: Meddler) -> None:
    """Start indexer and reactor anew, where they run, with these endpoints of BSC."""
    marketplace.given["BSC_RPC_URL"] = ",".join(endpoint.url for endpoint in endpoints)
    assert marketplace.indexer is not None
    reactors = [each for each in marketplace.reactors if each.is_alive]
    for program in (marketplace.indexer, *reactors):
        await program.end()
    await marketplace.start_indexer()
    for _ in reactors:
        await marketplace.reactor()


def hang_up(_: Call, __: Any) -> NoReturn:
    """Answer nothing."""
    raise HangUp


def asks_for_rest(_: Call, __: Any) -> NoReturn:
    """Answer that it is asked too often."""
    raise TooOften


def has_no_plan(_: Call, __: Any) -> Complaint:
    """Answer that whoever asks has not paid for this chain."""
    return Complaint("chain is not available on free plan")


def without_logs(call: Call, result: Any) -> Any:
    """Answer as an endpoint that has eth_getLogs switched off."""
    return Complaint("limit exceeded") if call["method"] == LOGS else result


def forgets_below(block: int) -> Meddle:
    """Return how an endpoint answers that keeps no logs of older blocks."""

    def meddle(call: Call, result: Any) -> Any:
        is_old = call["method"] == LOGS and int(call["params"][0].get("fromBlock", hex(block)), 16) < block
        return Complaint("History has been pruned for this block") if is_old else result

    return meddle


def hides(block: int) -> Meddle:
    """Return how an endpoint answers that leaves out the logs of a block, in its header, too."""

    def meddle(call: Call, result: Any) -> Any:
        if call["method"] == LOGS:
            return [log for log in result if int(log["blockNumber"], 16) != block]
        is_it = isinstance(result, dict) and result.get("number") == hex(block)
        return {**result, "logsBloom": NO_LOGS} if is_it and "logsBloom" in result else result

    return meddle


def hangs_below(block: int) -> Meddle:
    """Return how an endpoint answers that has no answer when it is asked for logs of older blocks."""

    def meddle(call: Call, result: Any) -> Any:
        if call["method"] == LOGS and int(call["params"][0].get("fromBlock", hex(block)), 16) < block:
            raise HangUp
        return result

    return meddle


def stays_behind(*, seconds: int = 0) -> Meddle:
    """Return how an endpoint answers that has seen its last block, so many seconds ago."""
    newest: dict[str, Any] = {}

    def meddle(call: Call, result: Any) -> Any:
        if call["method"] != BLOCK or call["params"][0] not in ("latest", FINALIZED):
            return result
        stale = {**result, "timestamp": hex(int(result["timestamp"], 16) - seconds)}
        return newest.setdefault(call["params"][0], stale)

    return meddle


async def stays_final(chain: LocalChain) -> Meddle:
    """Return how an endpoint answers whose finality stands still from now on while its head grows."""
    final = await chain.ask(BLOCK, FINALIZED, False)

    def meddle(call: Call, result: Any) -> Any:
        return final if (call["method"], *call["params"][:1]) == (BLOCK, FINALIZED) else result

    return meddle


def is_of_another_genesis(call: Call, result: Any) -> Any:
    """Answer as an endpoint of a chain that began with another block."""
    is_first = call["method"] == BLOCK and call["params"][0] == "0x0"
    return {**result, "hash": "0x" + "ee" * 32} if is_first else result
