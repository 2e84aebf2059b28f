"""What stands in a chain's way, in words."""

from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from lamda.status import ChainStatus, EndpointStatus, RefusalStatus, duration, endpoints, refused
from tests.unit.lamda.chains import WELL


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (
            replace(WELL, paused_reason="it parted", paused_fork=12),
            "paused: it parted (fork at block 12); docs/operations/deep-reorg.md",
        ),
        (replace(WELL, paused_reason="a log"), "paused: a log: `lamda resume` or `lamda reindex` lets it go on"),
        (replace(WELL, updated_seconds_ago=90, leader=None), "nobody leads, no commit for 2 min"),
        (replace(WELL, updated_seconds_ago=90), "no commit for 2 min: `lamda doctor` asks each"),
        (replace(WELL, state_through=500), "state follows facts through block 500"),
    ],
)
def test_what_stands_in_the_way_is_said(status: ChainStatus, words: str) -> None:
    """With what to do about it."""
    assert words in status.notes[0]


def test_nothing_stands_in_the_way_of_a_chain_that_is_well() -> None:
    assert WELL.notes == []


def test_an_endpoint_that_lags_is_not_called_in_use() -> None:
    """Its head and finality do not count; one that rests says why, and one that nobody asked yet says so."""
    near = EndpointStatus(
        name="a",
        head=1_000,
        finalized=998,
        latency_ms=3,
        range_blocks=2_000,
        requests_per_second_max=None,
        rests_for_seconds=None,
        rests_because=None,
        seen_seconds_ago=1,
    )
    resting = replace(near, rests_for_seconds=30, rests_because="HTTP 429", head=1_200)
    told = [near, replace(near, head=981), replace(near, head=979), resting, replace(near, head=None)]
    written = StringIO()
    Console(file=written, width=120).print(endpoints([replace(WELL, endpoints=told)]))
    states = [line.rpartition("–  ")[2].strip() for line in written.getvalue().splitlines()[1:]]

    assert states == [
        "in use",
        "in use",
        "21 blocks behind: not used",
        "rests for 30.0 s: HTTP 429",
        "not asked yet",
    ]


def test_the_time_left_is_told_while_catching_up() -> None:
    """Not at the head, where a block or two come and go, and not where nothing moves."""
    assert replace(WELL, head=1_801_000, blocks_per_second=1_000).seconds_left == 1_800
    assert replace(WELL, head=1_003, blocks_per_second=2.2).seconds_left is None
    assert replace(WELL, head=1_801_000, blocks_per_second=0.0).seconds_left is None


def test_refused_reports_are_told_in_one_line() -> None:
    """How many, how lately, and of each reason from how many senders."""
    refusals = [
        RefusalStatus(reason="token of no attempt", count=1_200, senders=1, last_seconds_ago=90),
        RefusalStatus(reason="said before", count=3, senders=2, last_seconds_ago=5),
    ]

    assert refused(refusals) == (
        "refused today  1,203 reports of agents, the last 5.0 s ago "
        "(token of no attempt: 1,200 of 1 sender; said before: 3 of 2 senders)"
    )


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-0.5, "0.0 s"), (0.44, "0.4 s"), (90, "2 min"), (3 * 3600, "3 h"), (9 * 86_400, "9 days")],
)
def test_a_length_of_time_is_said_shortly(seconds: float, said: str) -> None:
    assert said == duration(seconds)
