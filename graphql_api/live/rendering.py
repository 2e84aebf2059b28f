"""
Work out what subscribers are told of events: one snapshot for a batch of them, one text for all who may share it.

Only so many batches are worked on at once, so that live answers leave connections to Postgres for others. While the
database is away a batch waits for it, for what is told must not be that nobody knows.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from graphql_api.answering import AnsweringSchema
from graphql_api.errors import Unavailable
from graphql_api.live.sharing import Dependence, SharedReading
from graphql_api.reading import Reading, World
from graphql_api.selections import Selection
from graphql_api.viewers import Viewer

Viewers = Collection[Viewer | None]
Told = Mapping[Viewer | None, str]
"""What each viewer is told."""

RETRY_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """One event, and whom it is to be told."""

    event: object
    viewers: Viewers


class Renderer:
    """Works out answers for everybody in this process."""

    def __init__(self, schema: AnsweringSchema, world: World) -> None:
        self._schema = schema
        self._world = world
        self._turns = asyncio.Semaphore(max(1, world.pool.max_size // 2))

    async def render(self, selection: Selection, occasions: Sequence[Occasion]) -> list[Told]:
        """Return what is told on each occasion, all from one snapshot, once the database is there."""
        while True:
            async with self.together() as reading:
                answers = await asyncio.gather(*(self._tell(selection, each, reading) for each in occasions))
            if not any(is_unavailable for _, is_unavailable in answers):
                return [told for told, _ in answers]
            await asyncio.sleep(RETRY_SECONDS)

    @asynccontextmanager
    async def together(self) -> AsyncIterator[Reading]:
        """Yield a reading for many answers, once it is our turn to ask the database."""
        async with self._turns:
            reading = self._schema.reading(self._world)
            try:
                yield reading
            finally:
                await reading.end()

    async def _tell(self, selection: Selection, occasion: Occasion, together: Reading) -> tuple[Told, bool]:
        """Return what each viewer is told, and whether that is only that the database is away."""
        told: dict[Viewer | None, str] = {}
        answers: list[tuple[Dependence, str]] = []
        for viewer in occasion.viewers:
            text = next((text for dependence, text in answers if dependence.fits(viewer)), None)
            if text is None:
                reading = SharedReading(together, viewer)
                result = await self._schema.tell(selection, occasion.event, reading)
                if _is_unavailable(result):
                    return {}, True
                text = payload(result)
                answers.append((reading.dependence, text))
            told[viewer] = text
        return told, False


def payload(result: Any) -> str:
    """Return a result as the text that a client gets of it."""
    parts: dict[str, Any] = {"data": result.data}
    if result.errors:
        parts["errors"] = [error.formatted for error in result.errors]
    if result.extensions:
        parts["extensions"] = result.extensions
    return json.dumps(parts, separators=(",", ":"))


def _is_unavailable(result: Any) -> bool:
    return any((error.extensions or {}).get("code") == Unavailable.code for error in result.errors or ())
