"""
Decide whether our copy of a chain is good enough to answer from, and say why not.

Readiness is progress: a process that runs beside a chain that stands still is not ready.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from graphql_api.rows import CheckpointRow
from graphql_api.stall_queries import Stall
from models.values import Chain
from runtime.settings import ApiSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How far behind, and how long without progress, is still ready."""

    lag_blocks_max: int
    idle_seconds_max: float

    @classmethod
    def of(cls, settings: ApiSettings) -> "Patience":
        """Return what the settings allow."""
        return cls(
            lag_blocks_max=settings.api_ready_lag_blocks_max, idle_seconds_max=settings.api_ready_idle_seconds_max
        )


def lag_blocks(checkpoint: CheckpointRow) -> int:
    """Return how many blocks the chain's head is before us."""
    return max(0, checkpoint.head - checkpoint.number)


def lag_seconds(checkpoint: CheckpointRow) -> float:
    """Return how old our newest block is."""
    return max(0.0, (checkpoint.now - checkpoint.block_time).total_seconds())


def reason_not_ready(checkpoint: CheckpointRow, patience: Patience, why_stalled: str | None = None) -> str | None:
    """Return why answers from this copy should not be trusted to be fresh, or None when they may."""
    idle = (checkpoint.now - checkpoint.updated_at).total_seconds()
    if checkpoint.paused_reason is not None:
        return f"paused: {checkpoint.paused_reason}"
    if idle > patience.idle_seconds_max:
        why = why_stalled or "does the indexer run?"
        return f"no progress for {idle:.0f} s, {patience.idle_seconds_max:.0f} s allowed: {why}"
    if lag_blocks(checkpoint) > patience.lag_blocks_max:
        return f"{lag_blocks(checkpoint)} blocks behind the head, {patience.lag_blocks_max} allowed"
    if checkpoint.state_through < checkpoint.number:
        return f"events are read up to block {checkpoint.number}, state follows them up to {checkpoint.state_through}"
    return None


def why_stalled(stall: Stall) -> str:
    """Return what keeps a chain where it is that ought to make progress."""
    if not stall.is_led:
        return "nobody leads this chain: does the indexer run?"
    if stall.endpoints and stall.resting == stall.endpoints:
        return f"no endpoint answers: {stall.resting_because}"
    if stall.endpoints_head is None or stall.endpoints_head > stall.head:
        return f"endpoints tell of newer blocks than {stall.head}, which are not committed: see the indexer's log"
    return f"the chain stands still: its endpoints tell of no block after {stall.head}"


def reasons_not_ready(
    checkpoints: Iterable[CheckpointRow], patience: Patience, stalls: Iterable[Stall] = ()
) -> Mapping[Chain, str | None]:
    """Return the reason of each chain, None for those that are ready; with `stalls`, also why one does not move."""
    why = {stall.chain: why_stalled(stall) for stall in stalls}
    found = {
        Chain(checkpoint.chain): reason_not_ready(checkpoint, patience, why.get(checkpoint.chain))
        for checkpoint in checkpoints
    }
    missing = "nothing is indexed yet: has the indexer been started for this chain?"
    return {chain: found.get(chain, missing) for chain in Chain}
