"""The same API on the same kind of database as in the integration tests."""

from tests.integration.graphql_api.conftest import api, full, market, schema_url, template

__all__ = ["api", "full", "market", "schema_url", "template"]
