"""
What surrounds every operation: a reading of its own, and errors told as a client may know them.

Whatever happens, the reading is closed; a subscription's before each event is sent, so that a slow client holds no
transaction open. An error that nobody meant to tell is logged under a reference, and outside of development the
client is given the reference only.
"""

import secrets
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from functools import lru_cache
from typing import Any

import strawberry
import structlog
from graphql import DocumentNode, GraphQLError, parse
from strawberry.extensions import SchemaExtension
from strawberry.types import ExecutionContext

from graphql_api.errors import is_internal
from graphql_api.limits import TOKENS_MAX
from graphql_api.reading import Reading
from graphql_api.visits import Visit

logger = structlog.get_logger()

DOCUMENTS_CACHED = 500


class AnsweringSchema(strawberry.Schema):
    """A schema whose operations each read from a snapshot of their own."""

    shows_internal_errors = False
    reading = Reading

    async def execute(self, *arguments: Any, **options: Any) -> Any:
        """Answer a query or a mutation; the `context_value` is the visit it comes in."""
        reading = options["context_value"] = self._reading(options["context_value"])
        try:
            result = await super().execute(*arguments, **options)
        finally:
            await reading.end()
        return self._told(result)

    async def stream(self, *arguments: Any, **options: Any) -> Any:
        """Answer a query or a subscription over a transport that can tell many results."""
        reading = options["context_value"] = self._reading(options["context_value"])
        return self._results(await super().stream(*arguments, **options), reading)

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Leave errors to `_told`, which sees those of every kind of operation."""

    def _reading(self, visit: Visit) -> Reading:
        return self.reading(visit.world, visit.token)

    async def _results(self, results: AsyncGenerator[Any, None], reading: Reading) -> AsyncGenerator[Any, None]:
        try:
            async with aclosing(results):
                async for result in results:
                    await reading.close()
                    yield self._told(result)
        finally:
            await reading.end()

    def _told(self, result: Any) -> Any:
        if result.errors:
            result.errors = [self._logged(error) if is_internal(error) else error for error in result.errors]
        return result

    def _logged(self, error: GraphQLError) -> GraphQLError:
        reference = secrets.token_hex(4)
        logger.error("api.internal_error", reference=reference, path=error.path, exc_info=error.original_error)
        told = error.message if self.shows_internal_errors else "internal error"
        return GraphQLError(
            f"{told} (the log has it under {reference})",
            nodes=error.nodes,
            path=error.path,
            extensions={"code": "INTERNAL", "reference": reference},
        )


class CachedDocuments(SchemaExtension):
    """
    Parse each document once.

    A document that cannot be parsed is left to the schema, which then tells of it over every transport; an error
    raised in this hook would end a WebSocket's operation without a word.
    """

    def on_parse(self) -> Iterator[None]:
        """Take the document from the cache, or parse it into the cache."""
        context = self.execution_context
        context.parse_options["max_tokens"] = TOKENS_MAX
        try:
            context.graphql_document = parsed(context.query or "")
        except GraphQLError:
            context.graphql_document = None
        yield


@lru_cache(maxsize=DOCUMENTS_CACHED)
def parsed(query: str) -> DocumentNode:
    """Return a document, parsed once. Raises `GraphQLError`."""
    return parse(query, max_tokens=TOKENS_MAX)
