"""What is computed once for all who ask, with the blocks that it was computed from."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from graphql_api.rows import CheckpointRow

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Computed(Generic[Value]):
    """A value, and where the chains stood in the snapshot that it was computed from."""

    value: Value
    checkpoints: Sequence[CheckpointRow] = field(compare=False)


class Parts:
    """The parts of one answer that were computed for all who ask, each from a snapshot of its own."""

    def __init__(self) -> None:
        self._oldest: dict[str, CheckpointRow] = {}

    @property
    def checkpoints(self) -> list[CheckpointRow]:
        """Where each chain stood in the oldest of their snapshots: no part is older."""
        return list(self._oldest.values())

    def take(self, computed: Computed[Value]) -> Value:
        """Return the value of a part, and note what it stands on."""
        for row in computed.checkpoints:
            known = self._oldest.get(row.chain)
            if known is None or row.number < known.number:
                self._oldest[row.chain] = row
        return computed.value
