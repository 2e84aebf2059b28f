"""What an audit compares: the contracts' own counters, and what our rows say of the same."""

from dataclasses import dataclass

from models.values import BlockId, Chain


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """A block to audit at; its hash is None where we hold no header of it."""

    number: int
    hash: bytes | None

    @classmethod
    def of(cls, block: BlockId) -> "Ground":
        """Return a block that we hold as ground."""
        return cls(number=block.number, hash=block.hash)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What our rows up to a block say that a contract answers. `argument` is the provider it is asked about."""

    function: str
    ours: int
    is_exact: bool
    argument: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """One counter of a contract beside ours; `theirs` is None where it gave no answer, and `why` says why."""

    expected: Expected
    theirs: int | None
    why: str | None = None

    @property
    def agrees(self) -> bool:
        """Say whether the contract counts as we do."""
        return self.theirs == self.expected.ours

    @property
    def is_wrong(self) -> bool:
        """Say whether it should count as we do, and does not."""
        return self.expected.is_exact and not self.agrees


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """An audit of one chain at one block; `moved_because` says why that is not the last final one."""

    chain: Chain
    block: int
    counters: tuple[Counter, ...]
    moved_because: str | None = None

    @property
    def is_wrong(self) -> bool:
        """Say whether some counter that must be equal is not."""
        return any(counter.is_wrong for counter in self.counters)
