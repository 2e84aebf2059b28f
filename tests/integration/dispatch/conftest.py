"""The chains, the database and the indexer that the reactor's tests stand on."""

from tests.integration.indexer.conftest import index, pool, world

__all__ = ["index", "pool", "world"]
