"""What `lamda status --watch` keeps on the screen."""

import io
from datetime import UTC, datetime, timedelta

from rich.console import Console

from lamda.credit_page import CreditCounts, SignerStatus
from lamda.status import OpenWork
from lamda.watching import Overview, open_jobs, screen
from tests.unit.lamda.chains import WELL

NOW = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)
SEEN = Overview(
    at=NOW,
    chains=[WELL],
    refusals=[],
    work=OpenWork(jobs={"CREATED": 3, "RUNNING": 1_200}, troubles={"provider offline": 2}),
    signers=[
        SignerStatus(
            address=b"\1" * 20,
            halted_reason=None,
            paused_reason="fees",
            waits_for=None,
            balance=None,
            adopts=False,
            is_past=False,
            beat_seconds_ago=1,
            nonces=3,
        )
    ],
    credits=CreditCounts(adopted=0, settled=7, blocked=0, under_way=1, waiting=2, oldest_open=None),
)


def shown(seen: Overview | None, trouble: str | None, *, now: datetime = NOW) -> str:
    """Return the screen as plain text."""
    console = Console(file=io.StringIO(), width=120)
    with console.capture() as captured:
        console.print(screen(seen, trouble, now=now, every_seconds=2))
    return captured.get()


def test_chains_jobs_and_credits_are_on_one_screen() -> None:
    text = shown(SEEN, None)

    for words in ("12:00:30 UTC", "every 2 s", "a-host:1", "3 created, 0 assigned, 1,200 running", "PAUSED", "7 final"):
        assert words in text


def test_what_was_seen_last_stays_while_postgres_is_away() -> None:
    """With its age; before anything was seen, only that."""
    later = NOW + timedelta(seconds=40)

    assert "does not answer: refused; what follows is 40.0 s old" in shown(SEEN, "refused", now=later)
    assert "a-host:1" in shown(SEEN, "refused", now=later)
    assert shown(None, "refused").strip().endswith("Postgres does not answer: refused")


def test_troubles_are_told_only_where_there_are_some() -> None:
    assert open_jobs(SEEN.work).plain.endswith("; in trouble: 2 provider offline")
    assert open_jobs(OpenWork()).plain == "open jobs: 0 created, 0 assigned, 0 running"
