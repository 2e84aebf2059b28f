"""Run npm's client libraries."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from tests.clients import programs
from tests.integration.graphql_api.client import Client

PATIENCE_SECONDS = 20.0
LIBRARIES = ("graphql-ws", "graphql-sse")


class Events:
    """What a library tells, of several operations."""

    def __init__(self, lines: asyncio.StreamReader) -> None:
        self._lines = lines
        self._kept: dict[str, list[Any]] = {}

    async def of(self, name: str) -> Any:
        """Return the data of the next event of one operation."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not self._kept.get(name):
                line = json.loads(await self._lines.readline())
                assert "errors" not in line["event"], line
                self._kept.setdefault(line["name"], []).append(line["event"]["data"])
        return self._kept[name].pop(0)


@asynccontextmanager
async def node_watching(library: str, api: Client, operations: Mapping[str, Any]) -> AsyncIterator[Events]:
    """Let a library of npm subscribe to operations by name."""
    url = f"{api.url}/graphql"
    program = await programs.start(
        "watch.mjs", library, websocket(api) if library == "graphql-ws" else url, json.dumps(operations)
    )
    assert program.stdout is not None
    try:
        yield Events(program.stdout)
    finally:
        program.kill()
        await program.wait()


def websocket(api: Client) -> str:
    """Return where an API takes WebSockets."""
    return api.url.replace("http://", "ws://") + "/graphql"
