"""A snapshot that asks Postgres how it found the rows of each query."""

from collections.abc import Iterator, Mapping
from typing import Any

from psycopg import sql

from graphql_api.snapshot import NARROWER, Query, Row, Snapshot
from runtime.database import Pool

SCANS = {"Seq Scan", "Index Scan", "Index Only Scan", "Bitmap Heap Scan"}


class Explained(Snapshot):
    """A snapshot with the plan of the last query."""

    def __init__(self, pool: Pool) -> None:
        super().__init__(pool)
        self.plan: dict[str, Any] = {}

    async def fetch(
        self, query: Query, parameters: Mapping[str, Any], row: type[Row], *, advice: str = NARROWER
    ) -> list[Row]:
        """Return the rows as ever."""
        rows = await super().fetch(query, parameters, row, advice=advice)
        assert self.connection is not None
        explain = sql.SQL("explain (analyze, timing off, format json) ") + query
        found = await (await self.connection.execute(explain, parameters)).fetchall()
        self.plan = found[0][0][0]["Plan"]
        return rows

    @property
    def rows_read(self) -> int:
        """Return how many rows the last query took from tables and indexes, those too that did not fit."""
        scans = [part for part in _parts(self.plan) if part["Node Type"] in SCANS]
        read = [(part["Actual Rows"] + part.get("Rows Removed by Filter", 0)) * part["Actual Loops"] for part in scans]
        return round(sum(map(float, read)))

    @property
    def indexes(self) -> set[str]:
        """Return the indexes that the last query used; a table that was read whole stands for itself."""
        used = [part.get("Index Name") or part["Relation Name"] for part in _parts(self.plan) if _reads(part)]
        return set(used)


def _reads(part: Mapping[str, Any]) -> bool:
    return part["Node Type"] in SCANS - {"Bitmap Heap Scan"} or part["Node Type"] == "Bitmap Index Scan"


def _parts(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield plan
    for part in plan.get("Plans", []):
        yield from _parts(part)
