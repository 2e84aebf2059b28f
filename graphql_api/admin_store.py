"""
What admins do to the running system.

    one transaction:  does it go together with what is? → what is asked, with who asked, as a row of `requests`

Reindexing and resuming is the indexer's work: the row stays open until that has done it. Pausing credits and retrying a
job is done here, and the row says so.
"""

import structlog

from graphql_api.errors import BadInput, Conflict
from graphql_api.writing import transaction
from models import retry_values, scope_values
from models.requests import RequestKind
from models.scope_values import Asked, Refusal, Standing
from models.values import Chain, show_bytes
from runtime import asking_store, credit_pause_store, retry_store, standing_store
from runtime.asking_store import NewRequest
from runtime.database import Connection, Pool

logger = structlog.get_logger()


class AdminStore:
    """The acts of admins; `by` is the EIP-55 address of who acts."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def retry(self, job_id: bytes, *, by: str) -> None:
        """Have a job handed out again, or run once more when it had failed. Raises `Conflict`."""
        async with transaction(self._pool) as connection:
            verdict = await retry_store.retry(connection, job_id, asked_by=by)
        if isinstance(verdict, retry_values.Refusal):
            raise Conflict(f"job {show_bytes(job_id)} {verdict.reason}")
        runs_again = isinstance(verdict, retry_values.RunAgain)
        logger.info("admin.retry", by=by, job=show_bytes(job_id), runs_again=runs_again)

    async def pause_credits(self, *, paused: bool, by: str) -> bool:
        """Pause all signers of credits, or have them go on; return whether they are paused now. Raises `Conflict`."""
        async with transaction(self._pool) as connection:
            was_paused = await credit_pause_store.pause_reason(connection) is not None
            if was_paused == paused:
                return paused
            reason = f"paused by {by} over the API" if paused else None
            if not await credit_pause_store.pause(connection, reason, asked_by=by):
                raise Conflict("no reactor has signed credits for this database yet: there is nothing to pause")
        logger.info("admin.pause_credits", by=by, paused=paused)
        return paused

    async def reindex(self, chain: Chain, first: int, *, by: str) -> int:
        """Ask for a chain to be read again from a block on; return the request's number. Raises `Declined`."""
        request = NewRequest(kind=RequestKind.REINDEX, chain=chain, first_block=first, repairs=True, requested_by=by)
        async with transaction(self._pool) as connection:
            standing = await _standing(connection, chain)
            asked = Asked(kind=RequestKind.REINDEX, first=first, last=None)
            if isinstance(scope := scope_values.scope(asked, standing, finalized=standing.finalized), Refusal):
                raise BadInput(f"fromBlock: {scope.reason}")
            await _check_alone(connection, request)
            number = await asking_store.insert(connection, request)
        logger.info("admin.reindex", by=by, chain=chain.value, first=first, request=number)
        return number

    async def resume(self, chain: Chain, *, by: str) -> None:
        """Ask for a paused chain to go on. Raises `Conflict`."""
        request = NewRequest(kind=RequestKind.RESUME, chain=chain, requested_by=by)
        async with transaction(self._pool) as connection:
            if (await _standing(connection, chain)).paused_reason is None:
                raise Conflict(f"{chain.name} is not paused: there is nothing to resume")
            await _check_alone(connection, request)
            number = await asking_store.insert(connection, request)
        logger.info("admin.resume", by=by, chain=chain.value, request=number)


async def _standing(connection: Connection, chain: Chain) -> Standing:
    standing = await standing_store.find(connection, chain)
    if standing is None:
        raise Conflict(f"nothing of {chain.name} is indexed in this database yet: start an indexer of it first")
    return standing


async def _check_alone(connection: Connection, request: NewRequest) -> None:
    """Raise `Conflict` where the same is under way: a second one would wait for it, and then find nothing to do."""
    if open_one := await asking_store.find_open(connection, request.kind, request.chain):
        since = f"{open_one.requested_at:%Y-%m-%d %H:%M:%S} UTC"
        raise Conflict(
            f"{request.kind} {open_one.id} of {request.chain.name} is under way, asked for by {open_one.requested_by} "
            f"at {since}: wait for its end"
        )
