"""
Let an operation pass, or say why not, when it is known to be valid and nothing has been asked of the database.

An operation is counted (a request's first was counted when the request came in), its cost compared with the limit, and
what it does, if it is a mutation, counted too. Whoever answers queries without the general executor checks the bill
it keeps for the document; that their request was counted is known.
"""

from collections.abc import AsyncIterator, Iterable, Mapping

from graphql import OperationType
from strawberry.extensions import SchemaExtension

from graphql_api.charging import Quotas
from graphql_api.costs import Bill, Variables, bill
from graphql_api.errors import Declined
from graphql_api.limits import Limits
from graphql_api.meters import Standing
from graphql_api.reading import Reading
from graphql_api.visitors import Visitor


class Admission(SchemaExtension):
    """What stands between a valid document and its execution."""

    def __init__(self, limits: Limits) -> None:
        super().__init__()
        self._limits = limits

    async def on_validate(self) -> AsyncIterator[None]:
        """Turn away what may not pass."""
        context = self.execution_context
        if not context.pre_execution_errors and context.graphql_document is not None:
            # Strawberry's own schema holds the one of graphql-core.
            schema = context.schema._schema
            charged = bill(schema, context.graphql_document, context.operation_name)
            try:
                await admit(context.context, charged, context.variables, self._limits)
            except Declined as error:
                context.pre_execution_errors = [error]
        yield


async def admit(reading: Reading, charged: Bill | None, variables: Variables | None, limits: Limits) -> None:
    """Count an operation and what it does, and compare its cost with the limit. Raises `Declined`."""
    visitor, quotas = reading.visitor, reading.world.quotas
    if visitor is not None:
        if visitor.prepaid:
            visitor.prepaid -= 1
        else:
            _check(visitor, await quotas.ask(visitor.address, reading.token))
    if charged is None:
        return
    reading.world.figures.costs.note((), charged.check(variables, limits.cost))
    if visitor is not None and charged.kind is OperationType.MUTATION:
        await charge(quotas, visitor, reading.token, charged.roots)


async def charge(quotas: Quotas, visitor: Visitor, token: str | None, fields: Mapping[str, int]) -> None:
    """Count the fields of a mutation, each with how often it is there. Raises `RateLimited`."""
    _check(visitor, await quotas.act(visitor.address, token, fields))


def _check(visitor: Visitor, standings: Iterable[Standing]) -> None:
    for standing in standings:
        if (complaint := standing.complaint) is not None:
            visitor.turn_away(standing)
            raise complaint
