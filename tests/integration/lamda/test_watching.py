"""What an operator sees of a run of everything: metrics of all programs, and one job through all logs."""

import json
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from runtime.ports import free_port
from tests.integration.lamda.runs import up
from tests.integration.lamda.test_loop import LIFE, LOOP_SECONDS_MAX, READY, Books

ONE_LIFE = LIFE.replace("select count(*)", "select job_id", 1)


async def _get(url: str, *, token: str = "") -> tuple[int, str]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with aiohttp.ClientSession(headers=headers) as session, session.get(url) as response:
        return response.status, await response.text()


def _targets(data: Path) -> Mapping[str, str]:
    listed = json.loads((data / "prometheus.json").read_text(encoding="utf-8"))
    return {each["labels"]["job"]: f"http://{each['targets'][0]}" for each in listed}


def _lines(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines() if line.startswith("{")]


def _figures(text: str, name: str) -> list[float]:
    return [
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name
    ]


@pytest.mark.long
@pytest.mark.timeout(300)
async def test_one_job_leads_through_the_logs_of_all_programs(tmp_path: Path) -> None:
    """From its block to its credit, by one search; and each program has counted its part."""
    data, port = tmp_path / "data", free_port()
    site = {"SIGN_IN_DOMAINS": f"127.0.0.1:{port}", "SIGN_IN_URIS": f"http://127.0.0.1:{port}"}
    production = {"ENVIRONMENT": "production", "METRICS_TOKEN": "of-prometheus", **site}
    async with up(data, port=port, settings=production) as run:
        await run.shows(READY)
        books = Books(run, data)
        await books.comes_to(1, LIFE, within=2 * LOOP_SECONDS_MAX)
        job = "0x" + (await books.one(ONE_LIFE)).hex()
        await books.comes_to(1, "select count(*) from credits where settled_at is not null", within=LOOP_SECONDS_MAX)
        metrics = {name: await _get(f"{url}/metrics", token="of-prometheus") for name, url in _targets(data).items()}
        refused = [(await _get(f"{url}/metrics"))[0] for url in _targets(data).values()]
        run.process.send_signal(signal.SIGTERM)
        assert await run.ends() == 0

    said = {log.stem: _lines(log) for log in (data / "logs").glob("*.log")}
    told = {name: [line["event"] for line in lines if line.get("job") == job] for name, lines in said.items()}
    assert told["indexer"] == ["event.indexed"] * 3
    assert told["api"] == ["spec.kept"]
    assert {"dispatch.sent", "report.accepted", "credit.decided", "credit.sent"} <= set(told["reactor"])
    assert {"renter.created", "renter.handed_in", "agent.runs", "agent.ran"} <= set(told["actors"])
    assert {"indexer", "reactor", "api", "devnet"} == {line["program"] for lines in said.values() for line in lines}
    credit = next(line for line in said["reactor"] if line["event"] == "credit.sent" and line["job"] == job)
    assert credit["transaction"] in {line.get("transaction") for line in said["indexer"]}
    assert [status for status, _ in metrics.values()] == [200] * 3
    assert refused == [401] * 3
    assert sum(_figures(metrics["indexer"][1], "lamda_indexer_logs_total")) > 0
    assert sum(_figures(metrics["reactor"][1], "lamda_credit_done_total")) > 0
    assert sum(_figures(metrics["api"][1], "lamda_api_request_seconds_count")) > 0
    assert [_figures(text, "lamda_database_up")[0] for _, text in metrics.values()] == [1.0] * 3
