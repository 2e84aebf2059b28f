"""The chains, the database, the indexer and the bus that the reactor's tests stand on."""

from tests.integration.dispatch.agency import agents, bus, dispatcher, door, intake, market, nats, warden
from tests.integration.dispatch.signing import clock
from tests.integration.indexer.conftest import index, pool, world

__all__ = [
    "agents",
    "bus",
    "clock",
    "dispatcher",
    "door",
    "index",
    "intake",
    "market",
    "nats",
    "pool",
    "warden",
    "world",
]
