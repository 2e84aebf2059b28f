"""What is remembered of the last questions."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from graphql_api.compiled.selections import Uncovered

Kept = TypeVar("Kept")


class Recent(Generic[Kept]):
    """What was used last, by a key: made when it is missing, forgotten when there is too much."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, Kept | Uncovered] = OrderedDict()

    def take(self, key: Hashable, make: Callable[[], Kept]) -> Kept:
        """Return what is kept under a key, or make and keep it. Raises `Uncovered` every time, when `make` does."""
        if key not in self._kept:
            self._keep(key, make)
        self._kept.move_to_end(key)
        kept = self._kept[key]
        if isinstance(kept, Uncovered):
            # Not the same one again, whose traceback would grow.
            raise Uncovered(*kept.args)
        return kept

    def _keep(self, key: Hashable, make: Callable[[], Kept]) -> None:
        try:
            self._kept[key] = make()
        except Uncovered as reason:
            # Without what led to it, which would be kept as well.
            self._kept[key] = Uncovered(*reason.args)
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)
