"""Count what an answer costs the database."""

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

    schema = build()
    schema.reading = Counted
    visit = Visit(world=world, authorization=None if token is None else f"Bearer {token}")
    result = await schema.execute(query, context_value=visit)
    assert result.errors is None
    return counted[0].snapshot.statements
