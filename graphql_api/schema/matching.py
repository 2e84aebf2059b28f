"""Which providers suit a renter, and why."""

import strawberry

from graphql_api.errors import BadInput
from graphql_api.matching import Matched
from graphql_api.schema.filters import readable
from graphql_api.schema.market import Provider
from models.rank import Needs

MATCHES_MAX = 100


@strawberry.input
class Requirements:
    """What a renter needs; a GPU model may be given in any case and by a part of its name."""

    gpu_model: str | None = None
    min_vram_mib: int | None = None
    min_reputation: int | None = None

    def needs(self) -> Needs:
        """Return what is needed. Raises `BadInput`."""
        return Needs(
            gpu_model=readable(self.gpu_model, "gpuModel") if self.gpu_model else None,
            vram_mib=_counted(self.min_vram_mib, "minVramMib"),
            reputation=_counted(self.min_reputation, "minReputation"),
        )


@strawberry.type
class Match:
    """A provider that fits, with how it was ranked."""

    provider: Provider
    score: float = strawberry.field(description="Between 0 and 1.")
    reasons: list[str] = strawberry.field(description="Fit, reputation, recent jobs, load and uptime, in words.")

    @classmethod
    def of(cls, matched: Matched) -> "Match":
        """Return a match as clients see it."""
        return cls(provider=Provider.of(matched.provider), score=matched.ranked.score, reasons=matched.ranked.reasons)


def _counted(value: int | None, name: str) -> int:
    if value is not None and value < 0:
        raise BadInput(f"{name} must be 0 or more, not {value}")
    return value or 0
