"""
Whether a program does what it is there for, as a supervisor asks it at `/ready`.

Each part of its work is ready or is not, and says why; a part that is ready may say what else is worth knowing.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

STARTING = "it has only begun"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a program's work: whether it is done, why not, and figures of it."""

    ready: bool
    reason: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """All parts by their names; `kind` is what they are, in the plural."""

    kind: str
    parts: Mapping[str, Part]

    @property
    def ready(self) -> bool:
        return all(part.ready for part in self.parts.values())

    def told(self) -> dict[str, Any]:
        """Return what is answered, as JSON has it."""
        parts = {
            name: {"ready": part.ready, "reason": part.reason, **part.details} for name, part in self.parts.items()
        }
        return {"ready": self.ready, self.kind: parts}


AskReadiness = Callable[[], Awaitable[Readiness]]
