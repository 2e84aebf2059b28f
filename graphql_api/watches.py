"""
What a subscription asks to be told.

A resolver says it once, and does not wait for it: whom a change concerns, and who shares an answer, is decided for all
subscribers together, in `live`.
"""

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Any

from graphql_api.listening import Heard, Interest
from runtime.feed import Position

Tell = Callable[[Heard, str, bool], object]
"""Return a change as the schema has it, given the cursor behind it and whether it is inside the filter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeWatch:
    """The changes of interest after a position, or from now on."""

    interest: Interest
    after: Position | None
    tell: Tell


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueWatch:
    """
    What is the same for everybody: its value now, and again whenever there is another.

    `values` is begun once for all who share a selection, and closed when nobody is left; `tell` returns a value as
    the schema has it.
    """

    values: Callable[[], AsyncGenerator[Any, None]]
    tell: Callable[[Any], object]


Watch = ChangeWatch | ValueWatch
