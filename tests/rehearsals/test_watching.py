"""What is told of a system that runs: one job through all logs, what was refused, and why a retry is none."""

import json
from pathlib import Path

import aiohttp
import pytest

from models.values import checksum_address, show_bytes
from runtime.bus import open_bus
from tests.effects import proof
from tests.effects.marketplace import Marketplace, until
from tests.integration.lamda.runs import up
from tests.rehearsals.page import Page

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]

WATCHING = "docs/operations/README.md"
DISPATCH = "docs/dispatch.md"
FINISHED = "{ jobs(filter: { escrow: CLAIMED }, first: 1) { total: totalCount nodes { jobId } } }"
LIFE = ["spec.kept", "dispatch.sent", "report.accepted", "credit.decided", "credit.sent"]


async def test_one_search_tells_the_life_of_a_job(tmp_path: Path) -> None:
    """In the order of time, whichever program said it; and the programs say that they are ready."""
    page = Page(WATCHING, {}, tmp_path)
    async with up(tmp_path / ".lamda") as run:
        await run.shows("Stop ")
        await run.comes_to(FINISHED, "jobs", 1)
        job = (await run.ask(FINISHED))["jobs"]["nodes"][0]["jobId"]

        async def life() -> list[str]:
            return (await page.run("grep -h 0x8f3c… .lamda/logs/*.log | sort -k1", {"0x8f3c…": job})).splitlines()

        async def is_credited() -> bool:
            return any("credit.settled" in line for line in await life())

        await until(is_credited, within=60, what="the job is credited")
        lines = await life()
        assert lines == sorted(lines)
        told = [word for line in lines for word in LIFE if f" {word} " in line]
        assert list(dict.fromkeys(told)) == LIFE
        assert sum("event.indexed" in line for line in lines) == 3
        assert "in use" in await page.run("lamda status")
        assert await _get(f"{run.url}/ready") == 200
        assert await _get(f"{run.url}/health") == 200

    assert page.left == []


async def test_a_retry_and_what_was_refused_are_told(marketplace: Marketplace, tmp_path: Path) -> None:
    """An open job is due at once, one that is settled never again, and a forged report is counted."""
    page = Page(DISPATCH, marketplace.settings(), tmp_path)
    [job] = await marketplace.open_jobs()
    await until(lambda: _is_known(marketplace, job), within=30, what="the job is indexed")
    given = {"JOB": show_bytes(job)}
    assert "a reactor hands it out again" in await page.run("lamda retry JOB", given)
    await marketplace.reactor()
    await proof.all_is_settled(marketplace)
    said = await page.run("lamda retry JOB", given, code=1)
    assert "its renter has confirmed the result, it is not run again" in said
    async with open_bus(marketplace.nats.url, program="test") as bus:
        subject = f"agents.{checksum_address(marketplace.market.provider(9))}.status"
        await bus.jetstream.publish(subject, json.dumps({"jobId": show_bytes(job), "status": "completed"}).encode())
    await until(lambda: marketplace.market.ask("select 1 from refusals"), within=30, what="the report is refused")
    assert "refused" in await page.run("lamda status")
    await proof.comes_to_rest(marketplace)

    assert page.left == []


async def _is_known(marketplace: Marketplace, job: bytes) -> bool:
    return bool(await marketplace.market.ask("select 1 from jobs where job_id = %s and has_spec", job))


async def _get(url: str) -> int:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status
