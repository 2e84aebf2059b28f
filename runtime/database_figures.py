"""
Figures that are read from Postgres when somebody reads metrics.

While Postgres does not answer, they are absent, and `lamda_database_up` is 0: an old figure would be taken for a new
one.
"""

from collections.abc import Awaitable, Callable, Mapping

from runtime.database import DATABASE_TROUBLE, Connection, Pool
from runtime.metrics import Figures, Metrics, Read

WAIT_SECONDS = 2.0
"""How long reading may take: whoever scrapes waits ten seconds, and for more than us."""

Query = Callable[[Connection], Awaitable[Mapping[str, Figures]]]


class DatabaseFigures:
    """What some queries answer, each with figures by name and labels."""

    def __init__(self, metrics: Metrics, pool: Callable[[], Pool | None], *queries: Query) -> None:
        self._pool = pool
        self._queries = queries
        self._found: dict[str, Figures] = {}
        self._is_up = False
        metrics.prepare(self.look)
        metrics.gauge(
            "lamda_database_up",
            "1 when Postgres answered this reading of the metrics, else 0: then figures that it holds are absent.",
            (),
            lambda: {(): float(self._is_up)},
        )

    def of(self, name: str) -> Read:
        """Return how a figure is read, as of the last look."""
        return lambda: self._found.get(name, {})

    async def look(self) -> None:
        """Ask for all figures again."""
        self._found, self._is_up = {}, False
        found: dict[str, Figures] = {}
        if (pool := self._pool()) is None:
            return
        try:
            async with pool.connection(timeout=WAIT_SECONDS) as connection, connection.transaction():
                await connection.execute("select set_config('statement_timeout', %s, true)", (f"{WAIT_SECONDS:g}s",))
                for query in self._queries:
                    found |= await query(connection)
        except DATABASE_TROUBLE:
            return
        self._found, self._is_up = found, True
