"""Sizes and times that are smaller in a small world, drawn for each run and put back after it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from random import Random
from types import ModuleType
from typing import Any

Tunings = Sequence[tuple[ModuleType, str, tuple[Any, ...]]]
"""What may be tuned: the module, the name, and what is drawn from."""


@contextmanager
def tuned(dice: Random, tunings: Tunings) -> Iterator[None]:
    """Draw each of them for as long as the block lasts."""
    before = [(module, name, getattr(module, name)) for module, name, _ in tunings]
    try:
        for module, name, choices in tunings:
            setattr(module, name, dice.choice(choices))
        yield
    finally:
        for module, name, value in before:
            setattr(module, name, value)
