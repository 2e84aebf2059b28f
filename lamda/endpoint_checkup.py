"""
See what an endpoint of a chain can do, by asking it little.

How far back its history reaches is found by asking for the logs of single blocks, ever nearer to the oldest that it
gives: half a dozen questions for years, and an answer that is right within a third.
"""

import time
from collections.abc import Sequence
from math import isqrt
from typing import Any

from chain.calls import Call, chain_id, code_at, header, logs_in, receipts_of
from chain.endpoint import Endpoint
from chain.errors import HistoryGone, LogsOff, Refused, RpcError
from chain.wire import Header
from indexer.values import Followed
from lamda.checkup_values import EndpointSeen, LogsAnswer, LogsSeen
from models.values import BlockId, BlockRange

BELOW_HEAD_BLOCKS = 3
"""How far below its head an endpoint is asked for logs: behind one name stand several nodes, and one may lag."""


async def look_at(endpoint: Endpoint, followed: Followed, ours: BlockId | None = None) -> EndpointSeen:
    """Return what an endpoint can do for a chain that we follow, and what it has at the height of a block of ours."""
    try:
        told, genesis, head, code = await _ask(
            endpoint, [chain_id(), header(0), header("latest"), code_at(followed.contract)]
        )
        number = int(told, 16)
    except RpcError as error:
        return EndpointSeen(name=endpoint.name, trouble=_said(endpoint, error))
    except ValueError:
        return EndpointSeen(name=endpoint.name, trouble=f"its chain id is {told[:40]!r}, which is no number")
    if head is None:
        return EndpointSeen(name=endpoint.name, trouble="it has no newest block")
    return EndpointSeen(
        name=endpoint.name,
        chain_id=number,
        genesis=None if genesis is None else genesis.hash_bytes,
        at_ours=None if ours is None else await _hash_at(endpoint, ours.number),
        head=head.height,
        head_age_seconds=max(0.0, time.time() - head.time_ms / 1000),
        finalized=await _finalized(endpoint),
        has_contract=code != "0x",
        gives_receipts=await _gives_receipts(endpoint, head),
        logs=await _logs(endpoint, followed, head),
    )


async def _finalized(endpoint: Endpoint) -> int | None:
    try:
        (found,) = await _ask(endpoint, [header("finalized")])
    except RpcError:
        return None
    return None if found is None else int(found.height)


async def _hash_at(endpoint: Endpoint, number: int) -> bytes | None:
    try:
        (found,) = await _ask(endpoint, [header(number)])
    except RpcError:
        return None
    return None if found is None else bytes(found.hash_bytes)


async def _gives_receipts(endpoint: Endpoint, head: Header) -> bool:
    try:
        (found,) = await _ask(endpoint, [receipts_of(head.hash)])
    except RpcError:
        return False
    return found is not None


async def _logs(endpoint: Endpoint, followed: Followed, head: Header) -> LogsSeen:
    near = max(0, head.height - BELOW_HEAD_BLOCKS)
    try:
        await _ask(endpoint, [logs_in(BlockRange(first=near, last=near), followed.log_filter)])
        oldest = await _oldest(endpoint, followed, head)
    except LogsOff as error:
        return LogsSeen(answer=LogsAnswer.OFF, said=_said(endpoint, error))
    except RpcError as error:
        return LogsSeen(answer=LogsAnswer.REFUSED, said=_said(endpoint, error))
    age = (head.time_ms - oldest.time_ms) / 1000
    return LogsSeen(answer=LogsAnswer.GIVEN, oldest=oldest.height, oldest_age_seconds=age)


async def _oldest(endpoint: Endpoint, followed: Followed, head: Header) -> Header:
    """Return about the oldest block from the start block on that it gives the logs of."""
    start = min(followed.start_block, head.height)
    if (found := await _header_with_logs(endpoint, followed, start)) is not None:
        return found
    given, gone, oldest = 1, head.height - start, head
    while gone > given + max(1, given // 3):
        distance = isqrt(given * gone)
        if distance in (given, gone):
            break
        found = await _header_with_logs(endpoint, followed, head.height - distance)
        if found is None:
            gone = distance
        else:
            given, oldest = distance, found
    return oldest


async def _header_with_logs(endpoint: Endpoint, followed: Followed, number: int) -> Header | None:
    """Return the header of a block whose logs it gives, or None where it keeps none that old."""
    try:
        found, _ = await _ask(
            endpoint, [header(number), logs_in(BlockRange(first=number, last=number), followed.log_filter)]
        )
    except (HistoryGone, Refused):
        # Whatever else it says of an old block, it does not give its logs.
        return None
    return found if isinstance(found, Header) else None


async def _ask(endpoint: Endpoint, calls: Sequence[Call[Any]]) -> list[Any]:
    return await endpoint.batch(calls)


def _said(endpoint: Endpoint, error: RpcError) -> str:
    return str(error).removeprefix(f"{endpoint.name}: ")
