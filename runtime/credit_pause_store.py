"""Have all signers of credits sign nothing new, or go on."""

from models.requests import RequestKind
from models.values import Chain
from runtime import asking_store
from runtime.asking_store import NewRequest
from runtime.database import Connection


async def pause(connection: Connection, reason: str | None, *, asked_by: str) -> bool:
    """
    Pause all signers for a reason, or have them go on where it is None; return False where there is no signer yet.

    What is signed already goes on either way: its nonces are spent.
    """
    if not (await connection.execute("update signers set paused_reason = %s", (reason,))).rowcount:
        return False
    kind = RequestKind.RESUME_CREDITS if reason is None else RequestKind.PAUSE_CREDITS
    request = NewRequest(kind=kind, chain=Chain.OPBNB, requested_by=asked_by)
    await asking_store.insert_done(connection, request, {"reason": reason})
    return True


async def pause_reason(connection: Connection) -> str | None:
    """Return why credits are paused, or None when they are not."""
    row = await (await connection.execute("select max(paused_reason) from signers")).fetchone()
    return None if row is None else row[0]
