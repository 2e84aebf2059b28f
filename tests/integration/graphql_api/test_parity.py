"""Two doors for older clients, REST and NATS, to the same rows in the same words."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from nats.aio.client import Client as Nats

from runtime.bus import open_bus
from runtime.embedded_nats import EmbeddedNats
from runtime.embedded_postgres import EmbeddedPostgres
from tests.integration.graphql_api.asking import answered, ask
from tests.integration.graphql_api.client import Client
from tests.integration.graphql_api.conftest import copied, serving
from tests.integration.graphql_api.market import Market, address
from tests.integration.graphql_api.stock import five_providers, seven_jobs

Doors = tuple[Client, Nats]


@pytest.fixture(scope="module")
async def doors(
    postgres: EmbeddedPostgres, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Doors]:
    """An API over seven jobs and five providers that nobody changes, and a NATS where it answers."""
    nats = EmbeddedNats(tmp_path_factory.mktemp("nats"))
    url = await nats.start()
    async with (
        copied(postgres, template) as database_url,
        open_bus(url, program="test") as bus,
        serving(database_url, nats_url=url) as api,
    ):
        await Market(database_url).commit(*seven_jobs(), *five_providers())
        await answered(bus.client)
        yield api, bus.client
    await nats.stop()


@pytest.mark.parametrize(
    ("subject", "path", "question"),
    [
        ("nodes.query", "nodes", {}),
        ("nodes.query", "nodes", {"min_vram": 24565, "limit": 1}),
        ("nodes.query", "nodes", {"gpu_model": "RTX 4090", "min_reputation_score": "3"}),
        ("nodes.query", "nodes", {"offset": 1, "limit": 0, "gpu_model": ""}),
        ("nodes.query", "nodes", {"min_vram": "much"}),
        ("jobs.query", "jobs", {}),
        ("jobs.query", "jobs", {"renter_address": address("ben").lower(), "limit": 2}),
        ("jobs.query", "jobs", {"provider_address": address("p"), "status": "Completed"}),
        ("jobs.query", "jobs", {"status": "created", "offset": 2, "something": "else"}),
        ("jobs.query", "jobs", {"status": "done"}),
        ("jobs.query", "jobs", {"renter_address": "0x12"}),
        ("jobs.query", "jobs", {"offset": 10_000_000}),
        ("jobs.query", "jobs", {"limit": "-1"}),
    ],
)
async def test_both_give_one_answer(doors: Doors, subject: str, path: str, question: dict[str, Any]) -> None:
    """To the same question: the same rows in the same words, or the same refusal."""
    api, nats = doors
    async with api.session.get(f"{api.url}/api/v1/{path}", params=question) as response:
        answer = await response.json()

    assert (answer["data"] if answer["success"] else answer) == await ask(nats, subject, question)


async def test_graphql_has_the_same_rows(doors: Doors) -> None:
    """In the same order, under its own names."""
    api, nats = doors
    found = await api.ask(
        "{ providers(filter: { isOnline: true }) { nodes { address } } jobs { nodes { jobId payment } } }"
    )

    nodes, jobs = await ask(nats, "nodes.query", {}), await ask(nats, "jobs.query", {})
    assert found["providers"]["nodes"] == [{"address": node["wallet_address"]} for node in nodes["nodes"]]
    assert found["jobs"]["nodes"] == [{"jobId": job["id"], "payment": job["payment_amount"]} for job in jobs["jobs"]]
