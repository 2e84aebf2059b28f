"""Queries over a real NATS: the shapes that older clients expect, in both encodings, and never silence."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from nats.aio.client import Client as Nats

from graphql_api.bus_door import AT_ONCE
from runtime.bus import open_bus
from runtime.embedded_nats import EmbeddedNats
from runtime.ports import free_port
from tests.integration.graphql_api.asking import answered, ask
from tests.integration.graphql_api.client import Client
from tests.integration.graphql_api.conftest import serving
from tests.integration.graphql_api.market import (
    Market,
    address,
    beat,
    confirmed,
    created,
    credited,
    job_hex,
    moment,
    registered,
    shown,
    somebody,
)


@pytest.fixture(scope="module")
async def nats_server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EmbeddedNats]:
    """A NATS for all tests here."""
    server = EmbeddedNats(tmp_path_factory.mktemp("nats"))
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def client(nats_server: EmbeddedNats) -> AsyncIterator[Nats]:
    """A client of NATS."""
    async with open_bus(nats_server.url, program="test") as bus:
        yield bus.client


@pytest.fixture
async def api(schema_url: str, nats_server: EmbeddedNats, client: Nats) -> AsyncIterator[Client]:
    """An API that answers over NATS too."""
    async with serving(schema_url, nats_url=nats_server.url) as served:
        await answered(client)
        yield served


@pytest.mark.usefixtures("api")
async def test_a_provider_as_older_clients_know_it(client: Nats, market: Market) -> None:
    await market.commit(
        registered("provider", 5, gpu_model="RTX 4090", vram=24564), beat("provider", 8), credited("provider", 30, 7)
    )
    [(row_id,)] = await market.execute("select id from providers")

    assert await ask(client, "nodes.query", {}) == {
        "nodes": [
            {
                "id": row_id,
                "wallet_address": address("provider"),
                "gpu_model": "RTX 4090",
                "vram": 24564,
                "last_seen": shown(8),
                "is_online": True,
                "total_jobs_completed": 7,
                "reputation_score": 7,
                "created_at": shown(5),
                "updated_at": shown(30),
            }
        ],
        "count": 1,
    }


@pytest.mark.usefixtures("api")
async def test_a_job_as_older_clients_know_it(client: Nats, market: Market) -> None:
    """Its payment exact, and its spec empty, for nobody has signed in here."""
    await market.commit(created(1, 10, payment=2**256 - 1))
    spec = {"docker_image": "secret", "submitted_at": moment(11)}
    await market.note("job_specs", 1, renter=somebody("renter"), **spec)
    sent = {"provider": somebody("provider"), "attempt": 1}
    await market.note("dispatches", 1, **sent, token="t", decided_at=moment(19), published_at=moment(20))
    report = {"status": "failed", "message": "no such image", "received_at": moment(30)}
    await market.note("agent_reports", 1, **sent, **report)

    assert await ask(client, "jobs.query", {}) == {
        "jobs": [
            {
                "id": job_hex(1),
                "renter_address": address("renter"),
                "provider_address": address("provider"),
                "docker_image": "",
                "greenfield_input_url": "",
                "greenfield_output_bucket": "",
                "greenfield_output_name": "",
                "payment_amount": str(2**256 - 1),
                "status": "failed",
                "created_at": shown(10),
                "updated_at": shown(30),
                "assigned_at": shown(20),
                "completed_at": None,
                "failed_at": shown(30),
                "error_message": "no such image",
            }
        ],
        "count": 1,
    }


@pytest.mark.usefixtures("api")
async def test_providers_come_online_and_best_first(client: Nats, market: Market) -> None:
    for name, block, count, vram in (("a", 1, 1, 8192), ("b", 2, 3, 24564), ("c", 3, 2, 24564), ("away", 4, 9, 24564)):
        await market.commit(registered(name, block, vram=vram), credited(name, block, count, log_index=2))
    await market.commit(*(beat(name, 5, log_index=index) for index, name in enumerate("abc")))

    async def names(**question: Any) -> list[str]:
        found = (await ask(client, "nodes.query", question))["nodes"]
        return [next(name for name in "abc" if address(name) == node["wallet_address"]) for node in found]

    assert await names() == ["b", "c", "a"]
    assert await names(min_vram=24000) == ["b", "c"]
    assert await names(min_reputation_score=3, gpu_model="RTX 4090") == ["b"]
    assert await names(gpu_model="rtx") == []
    assert await names(limit=1, offset=1) == ["c"]


@pytest.mark.usefixtures("api")
async def test_jobs_come_newest_first(client: Nats, market: Market) -> None:
    await market.commit(
        created(1, 1, payment=1), created(2, 2, renter="r", payment=1), created(3, 3, provider="p", payment=1)
    )
    await market.commit(confirmed(3, 4))

    async def numbers(**question: Any) -> list[int]:
        answer = await ask(client, "jobs.query", question)
        assert answer["count"] == len(answer["jobs"])
        return [int(job["id"], 16) for job in answer["jobs"]]

    assert await numbers() == [3, 2, 1]
    assert await numbers(renter_address=address("r").lower()) == [2]
    assert await numbers(provider_address=address("p")) == [3]
    assert await numbers(status="created", limit=1) == [2]
    assert await numbers(status="Completed") == [3]
    assert await numbers(offset=3) == []


@pytest.mark.usefixtures("api")
async def test_no_answer_holds_more_than_five_hundred_rows(client: Nats, market: Market) -> None:
    """A hundred where nothing is said; and the largest answer fits into one message."""
    await market.commit(*(created(number, number, payment=2**256 - 1) for number in range(1, 521)))

    counts = [(await ask(client, "jobs.query", {"limit": limit}))["count"] for limit in (None, 500, 100_000)]

    assert counts == [100, 500, 500]


@pytest.mark.usefixtures("api")
@pytest.mark.parametrize("subject", ["nodes.query", "jobs.query"])
@pytest.mark.parametrize("payload", [b"nonsense", b"[1]", b'"nonsense"', b'{"limit": "many"}', b"\xff", b"[" * 50_000])
async def test_a_bad_question_is_answered_with_an_error(client: Nats, subject: str, payload: bytes) -> None:
    answer = json.loads((await client.request(subject, payload, timeout=10)).data)

    assert answer.keys() == {"error", "success"}
    assert answer["success"] is False


@pytest.mark.usefixtures("api")
async def test_trouble_of_ours_is_answered_with_an_error(client: Nats, market: Market) -> None:
    """Whether Postgres does not know a table or we a value; without a word of it, and the next question is answered."""
    await market.commit(created(1, 1, payment=1))
    await market.execute("alter table jobs alter column created_at type text")
    unknown_value = json.loads((await client.request("jobs.query", b"{}", timeout=10)).data)
    await market.execute("alter table jobs rename to elsewhere")
    unknown_table = json.loads((await client.request("jobs.query", b"{}", timeout=10)).data)

    assert unknown_value == {"error": "internal error", "success": False}
    assert unknown_table["error"].startswith("internal error (the log has it under ")
    assert (await ask(client, "nodes.query", {}))["count"] == 0


@pytest.mark.usefixtures("api")
@pytest.mark.parametrize("subject", ["agents.somebody.status", "_INBOXES", "$JS.API.STREAM.PURGE.NOTES"])
async def test_an_answer_goes_to_inboxes_only(client: Nats, subject: str) -> None:
    """We would send it with our own rights, wherever somebody without any has told us to."""
    heard = await client.subscribe(subject)
    await client.publish("nodes.query", b"{}", reply=subject)
    for _ in range(2 * AT_ONCE):
        await ask(client, "nodes.query", {})

    assert heard.pending_msgs == 0


@pytest.mark.usefixtures("api")
async def test_an_inbox_with_a_prefix_of_its_own_is_one(client: Nats) -> None:
    """As agents have it."""
    heard = await client.subscribe("_INBOX_somebody.1")
    await client.publish("nodes.query", b"{}", reply="_INBOX_somebody.1")

    assert "nodes" in json.loads((await heard.next_msg(timeout=10)).data)


async def test_of_two_apis_one_answers(
    schema_url: str, nats_server: EmbeddedNats, api: Client, client: Nats, market: Market
) -> None:
    await market.commit(created(1, 1, payment=1))
    async with serving(schema_url, nats_url=nats_server.url) as another:
        inbox = client.new_inbox()
        heard = await client.subscribe(inbox)
        for _ in range(20):
            await client.publish("jobs.query", b"", reply=inbox)
        answers = [await heard.next_msg(timeout=10) for _ in range(20)]
        for each in (api, another):
            assert await each.ask("{ jobs { totalCount } }") == {"jobs": {"totalCount": 1}}
        await client.flush()

        assert (len(answers), heard.pending_msgs) == (20, 0)


async def test_without_nats_graphql_answers_and_nats_is_found_when_it_comes(schema_url: str, tmp_path: Path) -> None:
    """It may be away at the start, and go away, and come back."""
    server = EmbeddedNats(tmp_path)
    url = await server.start()
    await server.stop()
    async with serving(schema_url, nats_url=url) as api:
        assert await api.ask("{ jobs { totalCount } }") == {"jobs": {"totalCount": 0}}
        for _ in range(2):
            again = EmbeddedNats(tmp_path)
            assert await again.start() == url
            async with open_bus(url, program="test") as bus:
                await answered(bus.client)
            await again.stop()
            assert await api.ask("{ jobs { totalCount } }") == {"jobs": {"totalCount": 0}}


async def test_stopping_does_not_wait_for_a_nats_that_never_was(schema_url: str) -> None:
    began = datetime.now(UTC)
    async with serving(schema_url, nats_url=f"nats://lamda:secret@127.0.0.1:{free_port()}") as api:
        await api.ask("{ __typename }")

    assert (datetime.now(UTC) - began).total_seconds() < 5
