"""
What a supervisor asks: does the process live, and is what it would answer fresh.

`/health` is about this process alone. `/ready` is about progress: it is 503 while any chain is missing, paused,
behind or stalled, and names the reason. It also says how many queries plans answered, and why not the others.
"""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from graphql_api.chain_queries import checkpoints
from graphql_api.errors import Declined
from graphql_api.readiness import reasons_not_ready
from graphql_api.reading import World
from graphql_api.snapshot import Snapshot


async def health(_: Request) -> Response:
    """Answer that we are here."""
    return JSONResponse({"status": "healthy", "service": "lamda-backend"})


async def ready(request: Request) -> Response:
    """Answer whether every chain is indexed and fresh."""
    world: World = request.app.state.world
    try:
        _ = world.broadcast.position
        chains = await _chains(world)
    except Declined as error:
        return JSONResponse({"ready": False, "reason": error.message}, status_code=503)
    is_ready = all(chain["ready"] for chain in chains.values())
    answer = {"ready": is_ready, "chains": chains, "queries": request.app.state.compiled.counts}
    return JSONResponse(answer, status_code=200 if is_ready else 503)


async def _chains(world: World) -> dict[str, dict[str, object]]:
    snapshot = Snapshot(world.pool)
    try:
        found = await checkpoints(snapshot)
    finally:
        await snapshot.close()
    progress = {row.chain: {"indexed": row.number, "head": row.head, "finalized": row.finalized} for row in found}
    return {
        chain.value: {"ready": reason is None, "reason": reason, **progress.get(chain.value, {})}
        for chain, reason in reasons_not_ready(found, world.patience).items()
    }
