"""
What surrounds every operation: a reading of its own, the blocks it stands on, and errors as a client may know them.

Whatever happens, the reading is closed; a subscription's before each event is sent, so that a slow client holds no
transaction open. An error that nobody meant to tell is logged under a reference, and outside of development the
client is given the reference only.
"""

import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing
from functools import lru_cache
from inspect import isawaitable
from typing import Any

import strawberry
import structlog
from graphql import (
    DocumentNode,
    GraphQLError,
    OperationDefinitionNode,
    OperationType,
    execute,
    get_operation_ast,
    parse,
)
from strawberry.extensions import SchemaExtension
from strawberry.types import ExecutionContext
from strawberry.types.execution import PreExecutionError

from graphql_api.blocks import blocks
from graphql_api.errors import INTERNAL, coded, is_internal
from graphql_api.figures import Figures
from graphql_api.labelling import current_request
from graphql_api.limits import DEFAULTS, Limits
from graphql_api.not_before import ARGUMENT, awaited_blocks
from graphql_api.reading import Reading
from graphql_api.selections import Selection
from graphql_api.visits import Visit
from graphql_api.waiting import wait_until_indexed

logger = structlog.get_logger()

DOCUMENTS_CACHED = 500


class AnsweringSchema(strawberry.Schema):
    """A schema whose operations each read from a snapshot of their own."""

    limits: Limits = DEFAULTS
    shows_internal_errors = False
    reading: type[Reading] = Reading
    figures = Figures()

    async def execute(self, query: str | None, *arguments: Any, **options: Any) -> Any:
        """Answer a query or a mutation; the `context_value` is the visit it comes in."""
        mistake = self._mistake(query or "", options.get("operation_name"))
        if mistake is not None:
            return self.told(PreExecutionError(data=None, errors=[mistake]))
        reading = options["context_value"] = self._reading(options["context_value"])
        try:
            result = await _standing(reading, await super().execute(query, *arguments, **options))
        finally:
            await reading.end()
        return self.told(result)

    async def stream(self, *arguments: Any, **options: Any) -> Any:
        """Answer over a transport that can tell many results; the `context_value` is a visit, or already a reading."""
        reading = options["context_value"] = self._reading(options["context_value"])
        return self._results(await super().stream(*arguments, **options), reading)

    async def tell(self, selection: Selection, event: object, reading: Reading) -> Any:
        """
        Answer a subscription for one event, which is what its field resolves to.

        This is what a subscription's stream does with each event, without the stream.
        """
        result: Any = execute(
            self._schema,
            selection.document,
            root_value=event,
            context_value=reading,
            variable_values=dict(selection.variables),
            operation_name=selection.name,
        )
        return self.told(await _standing(reading, await result if isawaitable(result) else result))

    def parsed(self, query: str) -> DocumentNode:
        """Return a document, parsed once. Raises `GraphQLError`."""
        return _parsed(query, self.limits.tokens)

    def _mistake(self, query: str, name: str | None) -> GraphQLError | None:
        """Return what is wrong about which operation is asked; what cannot be parsed or found is told elsewhere."""
        try:
            document = self.parsed(query)
        except GraphQLError:
            return None
        operation = get_operation_ast(document, name)
        if operation is None and name is None:
            count = sum(isinstance(each, OperationDefinitionNode) for each in document.definitions)
            # Strawberry would run the first of them.
            return GraphQLError(f"{count} operations: operationName must say which is asked") if count else None
        if operation is not None and operation.operation is OperationType.SUBSCRIPTION:
            return GraphQLError(
                "a subscription has many answers: ask over a WebSocket, or with Accept: text/event-stream",
                operation,
            )
        return None

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Leave errors to `told`, which sees those of every kind of operation."""

    def _reading(self, visit: Visit | Reading) -> Reading:
        return visit if isinstance(visit, Reading) else visit.read(self.reading)

    async def _results(self, results: AsyncGenerator[Any, None], reading: Reading) -> AsyncGenerator[Any, None]:
        try:
            async with aclosing(results):
                async for result in results:
                    await _standing(reading, result)
                    await reading.close()
                    yield self.told(result)
        finally:
            await reading.end()

    def told(self, result: Any) -> Any:
        """Return a result as a client may know it; what it may not is logged."""
        if result.errors:
            result.errors = [self._logged(error) if is_internal(error) else coded(error) for error in result.errors]
            self.figures.failed(result.errors)
        return result

    def _logged(self, error: GraphQLError) -> GraphQLError:
        reference = secrets.token_hex(4)
        logger.error("api.internal_error", reference=reference, path=error.path, exc_info=error.original_error)
        told = error.message if self.shows_internal_errors else "internal error"
        request = {"requestId": each} if (each := current_request()) else {}
        return GraphQLError(
            f"{told} (the log has it under {reference})",
            nodes=error.nodes,
            path=error.path,
            extensions={"code": INTERNAL, "reference": reference, **request},
        )


class WaitingForBlocks(SchemaExtension):
    """Before anything is read, wait for the blocks that an operation asks not to be answered before."""

    async def on_execute(self) -> AsyncIterator[None]:
        """Wait, two seconds at most."""
        context = self.execution_context
        if ARGUMENT in (context.query or "") and context.graphql_document is not None:
            wanted = awaited_blocks(
                context.schema._schema, context.graphql_document, context.operation_name, context.variables
            )
            if wanted:
                await wait_until_indexed(context.context.world, wanted)
        yield


class CachedDocuments(SchemaExtension):
    """
    Parse each document once.

    A document that cannot be parsed is left to the schema, which then tells of it over every transport; an error
    raised in this hook would end a WebSocket's operation without a word.
    """

    def on_parse(self) -> Iterator[None]:
        """Take the document from the cache, or parse it into the cache."""
        context = self.execution_context
        schema = context.schema
        assert isinstance(schema, AnsweringSchema), "the schema that has this extension"
        context.parse_options["max_tokens"] = schema.limits.tokens
        try:
            context.graphql_document = schema.parsed(context.query or "")
        except GraphQLError:
            context.graphql_document = None
        yield


async def _standing(reading: Reading, result: Any) -> Any:
    """Return a result that says which blocks it stands on, if it was read from a snapshot."""
    checkpoints = await reading.stands_on()
    if checkpoints is not None:
        result.extensions = {**(result.extensions or {}), "blocks": blocks(checkpoints)}
    return result


@lru_cache(maxsize=DOCUMENTS_CACHED)
def _parsed(query: str, tokens_max: int) -> DocumentNode:
    return parse(query, max_tokens=tokens_max)
