"""
Whether the reactor can do its work: database and bus answer, and its signer waits for no person.

What passes by itself, fees above the limit, finality, an admin's pause, is told, and is ready: nobody has to come.
"""

from asyncio import timeout

from nats.errors import Error

from dispatch.backlog_store import SignerStanding, read_signer
from dispatch.metrics import ReactorMetrics
from runtime.bus import Bus
from runtime.database import DATABASE_TROUBLE
from runtime.readiness import STARTING, Part, Readiness

ANSWER_SECONDS_MAX = 2.0
SILENT_SECONDS_MAX = 60.0
"""How long a signer may give no sign of life; then another reactor takes over, where there is one."""

UNKNOWN = Part(ready=False, reason="the database does not answer")


class ReactorReadiness:
    """Asks what a reactor stands on, by the parts that `measured` has once they run."""

    def __init__(self, measured: ReactorMetrics, signer: bytes) -> None:
        self._measured = measured
        self._signer = signer

    async def ask(self) -> Readiness:
        """Return how each part stands."""
        database, signer = await self._database()
        bus = Part(ready=False, reason=STARTING) if self._measured.bus is None else await _bus(self._measured.bus)
        return Readiness(kind="parts", parts={"database": database, "bus": bus, "signer": signer})

    async def _database(self) -> tuple[Part, Part]:
        if self._measured.pool is None:
            return Part(ready=False, reason=STARTING), Part(ready=False, reason=STARTING)
        try:
            async with (
                timeout(2 * ANSWER_SECONDS_MAX),
                self._measured.pool.connection(timeout=ANSWER_SECONDS_MAX) as connection,
            ):
                return Part(ready=True), signer_part(await read_signer(connection, self._signer))
        except (TimeoutError, *DATABASE_TROUBLE) as error:
            return Part(ready=False, reason=f"{type(error).__name__}: {error}"), UNKNOWN


def signer_part(standing: SignerStanding | None) -> Part:
    """Return whether a signer does its work, and what it waits for."""
    if standing is None:
        return Part(ready=False, reason=STARTING)
    if standing.halted_reason is not None:
        return Part(ready=False, reason=f"halted until a person has looked: {standing.halted_reason}")
    if standing.silent_seconds > SILENT_SECONDS_MAX:
        silence = f"no sign of life for {standing.silent_seconds:.0f} s"
        return Part(ready=False, reason=f"{silence}: see credit.waits in the log")
    if standing.paused_reason is not None:
        return Part(ready=True, reason=f"paused by an admin: {standing.paused_reason}")
    return Part(ready=True, reason=None if standing.waits_for is None else f"waits: {standing.waits_for}")


async def _bus(bus: Bus) -> Part:
    if not bus.client.is_connected:
        return Part(ready=False, reason=f"no connection to NATS at {bus.address}: {bus.trouble or 'it is being made'}")
    try:
        await bus.client.flush(timeout=ANSWER_SECONDS_MAX)  # type: ignore[arg-type]  # It only ever waits so long.
    except (Error, TimeoutError) as error:
        return Part(ready=False, reason=f"NATS at {bus.address} does not answer: {type(error).__name__}")
    return Part(ready=True)
