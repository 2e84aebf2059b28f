"""A trouble that many meet is told once, and again when it is a new one."""

import asyncio

import pytest
from structlog.testing import capture_logs

from devnet import complaints
from devnet.complaints import Complaints


async def test_one_trouble_is_one_line() -> None:
    heard = Complaints()
    with capture_logs() as logs:
        for _ in range(9):
            heard.complain("the API does not answer")
            heard.complain("NATS does not answer")

    assert [log["reason"] for log in logs] == ["the API does not answer", "NATS does not answer"]


async def test_a_trouble_that_had_ended_is_told_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(complaints, "QUIET_SECONDS", 0.01)
    heard = Complaints()
    with capture_logs() as logs:
        heard.complain("away")
        await asyncio.sleep(0.02)
        heard.complain("away")

    assert len(logs) == 2
