"""When our copy of a chain is good enough to answer from."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from graphql_api.readiness import Patience, lag_blocks, lag_seconds, reason_not_ready, reasons_not_ready
from graphql_api.rows import CheckpointRow
from models.values import Chain

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PATIENCE = Patience(lag_blocks_max=10, idle_seconds_max=30)

FRESH = CheckpointRow(
    start_block=0,
    chain="bsc",
    number=100,
    hash=bytes(32),
    block_time=NOW - timedelta(seconds=2),
    state_through=100,
    finalized=98,
    final_through=98,
    head=110,
    paused_reason=None,
    updated_at=NOW - timedelta(seconds=30),
    chain_id=56,
    contract_address=bytes(20),
    now=NOW,
)


def test_a_copy_at_its_limits_is_ready() -> None:
    """The limits count themselves."""
    assert reason_not_ready(FRESH, PATIENCE) is None


@pytest.mark.parametrize(
    ("differently", "reason"),
    [
        ({"paused_reason": "a person must look"}, "paused: a person must look"),
        (
            {"updated_at": NOW - timedelta(seconds=31)},
            "no progress for 31 s, 30 s allowed: does the indexer run?",
        ),
        ({"head": 111}, "11 blocks behind the head, 10 allowed"),
        ({"state_through": 99}, "events are read up to block 100, state follows them up to 99"),
    ],
)
def test_a_copy_that_is_not_ready_says_why(differently: dict[str, Any], reason: str) -> None:
    """With the numbers."""
    assert reason_not_ready(replace(FRESH, **differently), PATIENCE) == reason


def test_a_chain_without_a_checkpoint_is_not_ready() -> None:
    """Nobody has begun to index it."""
    reasons = reasons_not_ready([FRESH], PATIENCE)

    assert reasons[Chain.BSC] is None
    assert "nothing is indexed yet" in (reasons[Chain.OPBNB] or "")


def test_lag_is_never_negative() -> None:
    """An endpoint whose head went back, or a clock that differs, is not the future."""
    ahead = replace(FRESH, head=90, block_time=NOW + timedelta(seconds=5))

    assert (lag_blocks(ahead), lag_seconds(ahead)) == (0, 0.0)
    assert (lag_blocks(FRESH), lag_seconds(FRESH)) == (10, 2.0)
