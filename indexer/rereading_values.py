"""What a range that was read again showed: where our tables differ from the chain."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from models.values import BlockRange, ProofLevel


class DifferenceKind(StrEnum):
    """How a fact of ours differs: the chain has it and we did not, the other way round, or with other values."""

    MISSING = "MISSING"
    SURPLUS = "SURPLUS"
    CHANGED = "CHANGED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One fact that differs; `key` is the job id or provider it is about, in hex, where its table has one."""

    table: str
    kind: DifferenceKind
    block_number: int
    log_index: int
    key: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many facts differ in each way."""

    missing: int = 0
    surplus: int = 0
    changed: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            missing=self.missing + other.missing,
            surplus=self.surplus + other.surplus,
            changed=self.changed + other.changed,
        )

    def __bool__(self) -> bool:
        return bool(self.missing or self.surplus or self.changed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """
    What came of reading blocks again, by fact table, with the first few differences of each.

    `level` is what all blocks were proven at. `heartbeats_from` is the first block whose heartbeats were compared,
    where older ones are folded into days. `taken_back` counts facts above the blocks that went with another branch.
    """

    blocks: BlockRange
    level: ProofLevel
    applied: bool
    tables: Mapping[str, Counts] = field(default_factory=dict)
    examples: tuple[Difference, ...] = ()
    heartbeats_from: int | None = None
    taken_back: int | None = None

    @property
    def total(self) -> Counts:
        """Return the counts of all tables together."""
        return sum(self.tables.values(), Counts())

    def as_json(self) -> dict[str, Any]:
        """Return the findings as a row of `requests` keeps them."""
        return asdict(self)

    @classmethod
    def of_json(cls, kept: Mapping[str, Any]) -> "Findings":
        """Return the findings that a row of `requests` keeps."""
        return cls(
            blocks=BlockRange(**kept["blocks"]),
            level=ProofLevel(kept["level"]),
            applied=kept["applied"],
            tables={table: Counts(**counts) for table, counts in kept["tables"].items()},
            examples=tuple(Difference(**{**each, "kind": DifferenceKind(each["kind"])}) for each in kept["examples"]),
            heartbeats_from=kept["heartbeats_from"],
            taken_back=kept["taken_back"],
        )
