"""When our copy of a chain is good enough to answer from."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from graphql_api.readiness import Patience, lag_blocks, lag_seconds, reason_not_ready, reasons_not_ready
from graphql_api.rows import CheckpointRow
from graphql_api.stall_queries import Stall
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

STALL = Stall(chain="bsc", head=110, is_led=True, endpoints=2, resting=0, endpoints_head=110, resting_because=None)


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


@pytest.mark.parametrize(
    ("stall", "why"),
    [
        ({"is_led": False}, "nobody leads this chain: does the indexer run?"),
        (
            {"resting": 2, "resting_because": "a: no answer; b: no credit"},
            "no endpoint answers: a: no answer; b: no credit",
        ),
        ({"resting": 1}, "the chain stands still: its endpoints tell of no block after 110"),
        (
            {"endpoints_head": 111},
            "endpoints tell of newer blocks than 110, which are not committed: see the indexer's log",
        ),
    ],
)
def test_a_chain_that_does_not_move_says_what_keeps_it(stall: dict[str, Any], why: str) -> None:
    """As its leader last told of its endpoints."""
    known = replace(STALL, **stall)

    reasons = reasons_not_ready([replace(FRESH, updated_at=NOW - timedelta(seconds=31))], PATIENCE, [known])

    assert f"no progress for 31 s, 30 s allowed: {why}" == reasons[Chain.BSC]


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
