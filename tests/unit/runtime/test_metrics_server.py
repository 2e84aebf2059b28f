"""A program that serves nothing else can be looked into, by those who may."""

import json
from collections.abc import Mapping
from typing import Any

import aiohttp
import pytest

from runtime.metrics import Metrics
from runtime.metrics_server import served
from runtime.metrics_settings import MetricsSettings
from runtime.ports import PortInUse, free_port
from runtime.readiness import AskReadiness, Readiness, Verdict


async def ask(port: int, path: str, headers: Mapping[str, str] | None = None) -> tuple[int, str]:
    """Return the status and the text of an answer."""
    url = f"http://127.0.0.1:{port}{path}"
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as response:
        return response.status, await response.text()


def at(port: int | None, token: str | None = None) -> MetricsSettings:
    """Return settings that name a port and a token."""
    return MetricsSettings.model_validate({"metrics_port": port, "metrics_token": token})


async def well() -> Readiness:
    """Answer that all is well."""
    return Readiness(kind="needs", verdicts={"bus": Verdict(ready=True)})


async def ill() -> Readiness:
    """Answer that one need is not met."""
    verdicts = {"bus": Verdict(ready=False, reason="away"), "signer": Verdict(ready=True, details={"role": "leader"})}
    return Readiness(kind="needs", verdicts=verdicts)


@pytest.mark.parametrize(
    ("asked", "status", "told"),
    [
        (well, 200, {"ready": True, "needs": {"bus": {"ready": True, "reason": None}}}),
        (
            ill,
            503,
            {
                "ready": False,
                "needs": {
                    "bus": {"ready": False, "reason": "away"},
                    "signer": {"ready": True, "reason": None, "role": "leader"},
                },
            },
        ),
    ],
)
async def test_ready_says_of_each_need_whether_it_is_and_why_not(
    asked: AskReadiness, status: int, told: dict[str, Any]
) -> None:
    """Not ready is a 503, for those who only look at that."""
    port = free_port()
    async with served(Metrics("test"), at(port), asked):
        answer = await ask(port, "/ready")

    assert (answer[0], json.loads(answer[1])) == (status, told)


async def test_metrics_and_health_are_told_while_the_program_runs() -> None:
    """With what the Prometheus client knows of every process; gone with the program."""
    port, metrics = free_port(), Metrics("test")
    metrics.gauge("lamda_test_level", "Level.", (), lambda: {(): 7})
    async with served(metrics, at(port), well):
        status, text = await ask(port, "/metrics")
        health = await ask(port, "/health")

    assert (status, "lamda_test_level 7.0" in text, "process_cpu_seconds_total" in text) == (200, True, True)
    assert health == (200, '{"status": "healthy", "service": "lamda-test"}')
    with pytest.raises(aiohttp.ClientConnectionError):
        await ask(port, "/health")


@pytest.mark.parametrize(
    ("shown", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer no"}, 401),
        ({"Authorization": "Bearer \udcff"}, 401),
        ({"Authorization": "Bearer yes"}, 200),
    ],
)
async def test_who_reads_shows_the_token(shown: Mapping[str, str], status: int) -> None:
    """Where there is one; it is not needed to see that the program lives."""
    port = free_port()
    async with served(Metrics("test"), at(port, "yes"), well):
        assert (await ask(port, "/metrics", shown))[0] == status
        assert (await ask(port, "/health"))[0] == 200


async def test_a_port_that_is_taken_is_named_with_its_setting() -> None:
    """Before anything else is begun."""
    port = free_port()
    async with served(Metrics("one"), at(port), well):
        with pytest.raises(PortInUse, match=f"port {port} .* METRICS_PORT"):
            async with served(Metrics("two"), at(port), well):
                pass


async def test_without_a_port_nothing_listens() -> None:
    """As it is by default."""
    async with served(Metrics("test"), at(None), well):
        pass
