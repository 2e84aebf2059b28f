"""
Whether the reactor can do its work: database and bus answer, and its signer waits for no person.

What passes by itself, fees above the limit, finality, an admin's pause, is told, and is ready: nobody has to come.
"""

from asyncio import timeout

from nats.errors import Error

from dispatch.backlog_store import SignerCondition, read_signer
from dispatch.metrics import ReactorMetrics
from runtime.bus import Bus
from runtime.database import DATABASE_TROUBLE
from runtime.readiness import STARTING, Readiness, Verdict

ANSWER_SECONDS_MAX = 2.0
SILENT_SECONDS_MAX = 60.0
"""How long a signer may give no sign of life; then another reactor takes over, where there is one."""

UNKNOWN = Verdict(ready=False, reason="the database does not answer")


class ReactorReadiness:
    """Asks what a reactor needs, by what `measured` has once that runs."""

    def __init__(self, measured: ReactorMetrics, signer: bytes) -> None:
        self._measured = measured
        self._signer = signer

    async def ask(self) -> Readiness:
        """Return the verdict on each need."""
        database, signer = await self._database()
        bus = Verdict(ready=False, reason=STARTING) if self._measured.bus is None else await _bus(self._measured.bus)
        return Readiness(kind="needs", verdicts={"database": database, "bus": bus, "signer": signer})

    async def _database(self) -> tuple[Verdict, Verdict]:
        if self._measured.pool is None:
            return Verdict(ready=False, reason=STARTING), Verdict(ready=False, reason=STARTING)
        try:
            async with (
                timeout(2 * ANSWER_SECONDS_MAX),
                self._measured.pool.connection(timeout=ANSWER_SECONDS_MAX) as connection,
            ):
                return Verdict(ready=True), judge_signer(await read_signer(connection, self._signer))
        except (TimeoutError, *DATABASE_TROUBLE) as error:
            return Verdict(ready=False, reason=f"{type(error).__name__}: {error}"), UNKNOWN


def judge_signer(condition: SignerCondition | None) -> Verdict:
    """Return whether a signer does its work, and what it waits for."""
    if condition is None:
        return Verdict(ready=False, reason=STARTING)
    if condition.halted_reason is not None:
        return Verdict(ready=False, reason=f"halted until a person has looked: {condition.halted_reason}")
    if condition.silent_seconds > SILENT_SECONDS_MAX:
        silence = f"no sign of life for {condition.silent_seconds:.0f} s"
        return Verdict(ready=False, reason=f"{silence}: see credit.waits in the log")
    if condition.paused_reason is not None:
        return Verdict(ready=True, reason=f"paused by an admin: {condition.paused_reason}")
    return Verdict(ready=True, reason=None if condition.waits_for is None else f"waits: {condition.waits_for}")


async def _bus(bus: Bus) -> Verdict:
    if not bus.client.is_connected:
        return Verdict(
            ready=False, reason=f"no connection to NATS at {bus.address}: {bus.trouble or 'it is being made'}"
        )
    try:
        await bus.client.flush(timeout=ANSWER_SECONDS_MAX)  # type: ignore[arg-type]  # It only ever waits so long.
    except (Error, TimeoutError) as error:
        return Verdict(ready=False, reason=f"NATS at {bus.address} does not answer: {type(error).__name__}")
    return Verdict(ready=True)
