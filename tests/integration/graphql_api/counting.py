"""Count what an answer costs the database."""

from dataclasses import replace

from graphql_api.limits import DEFAULTS
from graphql_api.reading import Reading, World
from graphql_api.schema import build
from graphql_api.visits import Visit


async def statements(world: World, query: str, *, token: str | None = None) -> int:
    """Return the number of statements that answering a query takes, whoever shows the token."""
    counted: list[Reading] = []

    class Counted(Reading):
        def __init__(self, world: World, token: str | None = None) -> None:
            super().__init__(world, token)
            counted.append(self)

    # Everything of a long list is more than anybody may ask for at once.
    schema = build(replace(DEFAULTS, cost=100_000_000))
    schema.reading = Counted
    visit = Visit(world=world, authorization=None if token is None else f"Bearer {token}")
    result = await schema.execute(query, context_value=visit)
    assert not result.errors, result.errors
    return counted[0].snapshot.statements
