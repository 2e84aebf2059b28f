"""An outlet that keeps what it is brought."""

from collections.abc import Sequence

from graphql import GraphQLError


class Heap:
    """Everything that one subscriber was told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.errors: list[GraphQLError] = []

    def next(self, payload: str) -> None:
        self.told.append(payload)

    def fail(self, errors: Sequence[GraphQLError]) -> None:
        self.errors += errors

    def complete(self) -> None:
        self.told.append("complete")

    async def room(self) -> None:
        """There always is."""
