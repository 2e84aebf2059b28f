"""The API tells what it was asked, what that cost and who watches, to those who may know."""

import pytest

from models.values import Chain
from runtime.metrics_settings import MetricsSettings
from runtime.settings import AccountSettings
from tests.integration.exposition import Exposition
from tests.integration.graphql_api.client import Client
from tests.integration.graphql_api.conftest import serving
from tests.integration.graphql_api.market import Market

WATCH = "subscription { jobChanges { kind } }"
PRODUCTION = AccountSettings(environment="production")


async def told(api: Client) -> Exposition:
    """Return what the API tells."""
    async with api.session.get(f"{api.url}/metrics") as response:
        assert response.status == 200
        return Exposition.parsed(await response.text())


async def test_requests_are_counted_by_route_and_outcome(api: Client) -> None:
    """A path that a client makes up is counted with all others of its kind, and so is a method."""
    await api.ask("{ jobs(first: 10) { nodes { id } } }")
    for path in ("/api/v1/jobs?limit=1", "/api/v1/jobs?limit=x", "/nowhere/1", "/nowhere/2", "/api/v1/nodes/0x12"):
        async with api.session.get(api.url + path):
            pass
    async with api.session.request("PROPFIND", f"{api.url}/graphql"):
        pass
    read, name = await told(api), "lamda_api_request_seconds_count"

    assert read.value(name, route="/graphql", method="POST", status="200") == 1
    assert read.value(name, route="/api/v1/jobs", status="200") == 1
    assert read.value(name, route="/api/v1/jobs", status="400") == 1
    assert read.value(name, route="other", status="404") == 2
    assert read.value(name, route="/graphql", method="other") == 1
    assert not any("0x12" in route for route in read.labels(name, "route"))
    assert read.value("lamda_api_request_seconds_sum", route="/graphql", method="POST") > 0


async def test_cost_and_errors_of_operations_are_counted(api: Client) -> None:
    """Whoever answered: a plan, or the general executor."""
    await api.ask("{ jobs(first: 10) { nodes { id } } }")
    await api.refusal("{ nothing }")
    read = await told(api)

    assert read.value("lamda_api_questions_total", answered_by="plan") == 1
    assert read.value("lamda_api_questions_total", answered_by="general") == 1
    assert read.value("lamda_api_cost_fields_sum") >= 10
    assert read.value("lamda_api_errors_total", code="BAD_QUERY") == 1
    assert read.value("lamda_api_seconds_total", doing="statement") > 0


async def test_what_alerts_look_for_is_told_before_it_happens(api: Client) -> None:
    """A counter that Prometheus first sees as 1 has not grown, as far as it knows."""
    read = await told(api)

    assert read.value("lamda_api_errors_total", code="INTERNAL") == 0
    assert read.value("lamda_api_live_closed_total", reason="FELL_BEHIND") == 0


async def test_subscribers_are_counted_while_they_are_there(api: Client, market: Market) -> None:
    """Two who watch the same cost one selection; when they leave, nobody is left."""
    await market.checkpoint(Chain.BSC, number=5)
    async with api.watch(WATCH), api.watch(WATCH):
        async with api.session.ws_connect(f"{api.url}/graphql", protocols=["graphql-transport-ws"]) as rude:
            await rude.send_str("no JSON")
            await rude.receive(timeout=5)
            await rude.receive(timeout=5)
        read = await told(api)

    assert read.value("lamda_api_live_subscribers") == 2
    assert read.value("lamda_api_live_selections") == 1
    assert read.value("lamda_api_live_connections") == 2
    assert read.value("lamda_api_live_closed_total", reason="BAD_MESSAGE") == 1
    assert read.value("lamda_chain_indexed_block", chain="bsc") == 5


@pytest.mark.parametrize(
    ("accounts", "token", "shown", "status"),
    [
        (None, None, "", 200),
        (None, "yes", "", 401),
        (None, "yes", "Bearer yes", 200),
        (PRODUCTION, None, "", 403),
        (PRODUCTION, "yes", "Bearer no", 401),
        (PRODUCTION, "yes", "Bearer yes", 200),
    ],
)
async def test_who_reads_shows_the_token(
    schema_url: str, accounts: AccountSettings | None, token: str | None, shown: str, status: int
) -> None:
    """In production there must be one: the API's port is open to everybody."""
    looks = MetricsSettings.model_validate({"metrics_token": token})
    async with serving(schema_url, accounts=accounts, looks=looks) as api:
        headers = {"Authorization": shown} if shown else {}
        async with api.session.get(f"{api.url}/metrics", headers=headers) as response:
            assert response.status == status
