"""
Answer operations over connections that stay, for one process.

A query or mutation is answered once. A subscription is validated by the schema as any operation, and its resolver says
what it watches; from then on it costs a place in the audience of its topic and nothing else.
"""

from collections.abc import Callable

from graphql import GraphQLError, OperationType
from strawberry.types.execution import PreExecutionError

from graphql_api.answering import AnsweringSchema
from graphql_api.errors import Declined
from graphql_api.live.capacity import Capacity
from graphql_api.live.operations import Operation
from graphql_api.live.registry import Begun, Registry
from graphql_api.live.rendering import Renderer, payload
from graphql_api.live.sessions import Sessions
from graphql_api.live.subscriber import Outlet
from graphql_api.reading import World
from graphql_api.viewers import Viewer
from graphql_api.visits import Visit
from graphql_api.watches import Watch


class Live:
    """All connections that stay, and what is told over them."""

    def __init__(self, schema: AnsweringSchema, world: World) -> None:
        self.limits = world.live
        self.capacity = Capacity(self.limits)
        self.sessions = Sessions(world, self.limits.api_live_session_check_seconds)
        self._schema = schema
        self._world = world
        self.registry = Registry(world.broadcast, Renderer(schema, world), self.limits.api_live_selections_max)
        self._stopping: set[Callable[[], None]] = set()

    def kind(self, operation: Operation) -> OperationType | None:
        """Return what kind of operation is asked, or None for one that cannot be parsed or found."""
        return operation.kind(self._schema)

    async def viewer(self, visit: Visit) -> Viewer | None:
        """Return who a visitor is. Raises `Declined`."""
        reading = visit.read(self._schema.reading)
        try:
            return await reading.viewer()
        finally:
            await reading.close()

    async def begin(self, operation: Operation, visit: Visit, viewer: Viewer | None, outlet: Outlet) -> Begun:
        """Begin to answer an operation; the database is asked by the work that is returned, if any."""
        if self.kind(operation) is not OperationType.SUBSCRIPTION:
            return Begun(work=lambda: self._answer(operation, visit, outlet))
        watched = await self._watched(operation, visit)
        if isinstance(watched, list):
            outlet.fail(watched)
            return Begun()
        try:
            return self.registry.join(operation.selection(self._schema), watched, viewer, outlet)
        except Declined as reason:
            outlet.fail([reason])
            return Begun()

    def note_closed(self, reason: str) -> None:
        """Count a connection that we ended."""
        self._world.figures.live_closed[(reason,)] += 1

    def when_stopping(self, end: Callable[[], None]) -> Callable[[], None]:
        """Have something ended when this process stops; return how to take that back."""
        self._stopping.add(end)
        return lambda: self._stopping.discard(end)

    def stop(self) -> None:
        """End what would keep the server from stopping."""
        for end in list(self._stopping):
            end()

    async def _answer(self, operation: Operation, visit: Visit, outlet: Outlet) -> None:
        result = await self._schema.execute(
            operation.query,
            variable_values=dict(operation.variables),
            context_value=visit,
            operation_name=operation.name,
        )
        if isinstance(result, PreExecutionError):
            outlet.fail(result.errors or [])
            return
        outlet.next(payload(result))
        outlet.complete()

    async def _watched(self, operation: Operation, visit: Visit) -> Watch | list[GraphQLError]:
        """Return what a subscription asks to be told, or why it is told nothing."""
        reading = visit.read(self._schema.reading)
        results = await self._schema.stream(
            operation.query,
            variable_values=dict(operation.variables),
            context_value=reading,
            operation_name=operation.name,
        )
        errors = [error async for result in results for error in result.errors or []]
        assert errors or reading.watched, "a subscription's resolver says what it watches"
        return errors or reading.watched  # type: ignore[return-value]  # One of them is there, by the line before.
