"""
What a supervisor asks: does the process live, and is what it would answer fresh.

`/health` is about this process alone. `/ready` is about progress: it is 503 while any chain is missing, paused,
behind or stalled, and names the reason. It also says how many queries plans answered, and why not the others.
"""

from msgspec import UNSET, Struct, UnsetType
from starlette.requests import Request
from starlette.responses import Response

from graphql_api.chain_queries import checkpoints
from graphql_api.compiled.door import Counts
from graphql_api.errors import Declined
from graphql_api.readiness import reasons_not_ready
from graphql_api.reading import World
from graphql_api.rest.envelopes import json_response
from graphql_api.rest.operations import Operation
from graphql_api.snapshot import Snapshot
from graphql_api.stall_queries import stalls


class Health(Struct, frozen=True):
    """That we are here."""

    status: str = "healthy"
    service: str = "lamda-backend"


class Progress(Struct, frozen=True, kw_only=True):
    """How far one chain is indexed; of one that is not, only that it is not."""

    ready: bool
    reason: str | None
    indexed: int | UnsetType = UNSET
    head: int | UnsetType = UNSET
    finalized: int | UnsetType = UNSET


class Readiness(Struct, frozen=True, kw_only=True):
    """Whether every chain is indexed and fresh; without the database, only that nobody knows."""

    ready: bool
    reason: str | UnsetType = UNSET
    chains: dict[str, Progress] | UnsetType = UNSET
    queries: Counts | UnsetType = UNSET


async def health(_: Request) -> Response:
    """Answer that we are here."""
    return json_response(Health())


async def ready(request: Request) -> Response:
    """Answer whether every chain is indexed and fresh."""
    world: World = request.app.state.world
    try:
        _ = world.broadcast.position
        chains = await _chains(world)
    except Declined as error:
        return json_response(Readiness(ready=False, reason=error.message), 503)
    is_ready = all(chain.ready for chain in chains.values())
    answer = Readiness(ready=is_ready, chains=chains, queries=request.app.state.compiled.counts)
    return json_response(answer, 200 if is_ready else 503)


async def _chains(world: World) -> dict[str, Progress]:
    snapshot = Snapshot(world.pool)
    try:
        found = await checkpoints(snapshot)
        reasons = reasons_not_ready(found, world.patience)
        if any(reasons.values()):
            reasons = reasons_not_ready(found, world.patience, await stalls(snapshot))
    finally:
        await snapshot.close()
    numbers = {row.chain: {"indexed": row.number, "head": row.head, "finalized": row.finalized} for row in found}
    return {
        chain.value: Progress(ready=reason is None, reason=reason, **numbers.get(chain.value, {}))
        for chain, reason in reasons.items()
    }


OPERATIONS = (
    Operation(
        path="/health",
        endpoint=health,
        summary="Whether this process lives",
        answers={200: Health},
        enveloped=False,
        tag="service",
    ),
    Operation(
        path="/ready",
        endpoint=ready,
        summary="Whether what we answer is fresh",
        answers={200: Readiness, 503: Readiness},
        enveloped=False,
        tag="service",
    ),
)
"""Every operation of this module."""
