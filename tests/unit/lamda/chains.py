"""A chain that is well, as `lamda status` knows it."""

from lamda.status import ChainStatus

WELL = ChainStatus(
    chain="bsc",
    head=1_000,
    finalized=998,
    final_through=998,
    indexed=1_000,
    state_through=1_000,
    start_block=1,
    lag_seconds=0.4,
    updated_seconds_ago=0.4,
    leader="a-host:1",
)
