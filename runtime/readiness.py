"""
Whether a program does what it is there for, as a supervisor asks it at `/ready`.

Of each thing that it works on or needs there is a verdict: ready, or not and why. One that is ready may also say what
is worth knowing.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

STARTING = "it has only begun"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether one thing is as it ought to be, why not, and what else is told of it."""

    ready: bool
    reason: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """Every verdict by the name of what it is about; `kind` says in the plural what these are."""

    kind: str
    verdicts: Mapping[str, Verdict]

    @property
    def ready(self) -> bool:
        return all(each.ready for each in self.verdicts.values())

    def told(self) -> dict[str, Any]:
        """Return what is answered, as JSON has it."""
        told = {
            name: {"ready": each.ready, "reason": each.reason, **each.details} for name, each in self.verdicts.items()
        }
        return {"ready": self.ready, self.kind: told}


AskReadiness = Callable[[], Awaitable[Readiness]]
