"""
Which part of the schema's history is for before a deploy, and which for after it.

    before   adds what the new version needs; the version that still runs does not mind
    after    takes away what only the version before needed; for when that is gone

A migration is of the part before unless it says `PART = "after"`. A program runs on every schema from the one it needs,
the newest of the part before that it knows, up to the one that takes away what it needs: that one leaves word in the
database of how new a version must be (the floor, in the comment of `alembic_version`). Revisions are numbers of four
digits, so they compare as texts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Part(StrEnum):
    """When a migration is to be run."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class Step:
    """A migration: its revision and its part."""

    revision: str
    part: Part


def needed(history: Sequence[Step]) -> str:
    """Return the revision that code with this history needs: the newest of the part before."""
    return [step.revision for step in history if step.part is Part.BEFORE][-1]


def floor_of(revision: str, history: Sequence[Step]) -> str | None:
    """Return the revision whose code is the oldest that can run once a migration has; None where it leaves that be."""
    place = _place(revision, history)
    if history[place].part is Part.BEFORE:
        return None
    return needed(history[:place])


def complaint(found: str | None, floor: str | None, history: Sequence[Step]) -> str | None:
    """Return why code with this history cannot run on a schema, or None when it can."""
    ours = needed(history)
    revisions = [step.revision for step in history]
    if found in revisions and _place(found, history) >= _place(ours, history):
        return None
    if found is None or found in revisions or found < revisions[-1]:
        return f"database schema is at revision {found or 'none'}, this program needs {ours}: run `lamda migrate`"
    if floor is None or (floor in revisions and _place(floor, history) <= _place(ours, history)):
        return None
    return (
        f"database schema is at revision {found}, which took away what this program, made for {ours}, needs: "
        f"run a version made for {floor} or newer"
    )


def _place(revision: str, history: Sequence[Step]) -> int:
    return [step.revision for step in history].index(revision)
