"""What `lamda status` shows: per chain how far we are, and what stands in the way."""

from dataclasses import dataclass

from rich.table import Table

from models.values import Chain


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainStatus:
    """Where our copy of one chain stands; `lag_seconds` is the age of the last indexed block."""

    chain: str
    head: int
    finalized: int
    indexed: int
    state_through: int
    lag_seconds: float
    updated_seconds_ago: float
    paused_reason: str | None

    @property
    def note(self) -> str:
        """Return what stands in the way, for a person; empty when nothing does."""
        if self.paused_reason:
            return f"paused: {self.paused_reason}"
        if self.updated_seconds_ago > 30:
            return (
                f"no commit for {self.updated_seconds_ago:.0f} s: is `lamda index` running, does the endpoint answer?"
            )
        if self.state_through < self.indexed:
            return f"catching up: state follows facts through block {self.state_through}"
        return ""


def table(chains: list[ChainStatus]) -> Table:
    """Lay the statuses out as a table."""
    shown = Table(title=None if chains else "no chain has been indexed into this database yet")
    for column in ("chain", "head", "finalized", "indexed", "behind", "age of last block", "note"):
        shown.add_column(column, justify="left" if column in ("chain", "note") else "right")
    for each in sorted(chains, key=lambda status: list(Chain).index(Chain(status.chain))):
        shown.add_row(
            each.chain,
            f"{each.head:,}",
            f"{each.finalized:,}",
            f"{each.indexed:,}",
            f"{max(0, each.head - each.indexed):,} blocks",
            f"{each.lag_seconds:.1f} s",
            each.note,
        )
    return shown
