"""The server as a program: its other routes, how it fails, and how it starts and stops."""

import asyncio
import signal
import sys
import time
from pathlib import Path
from statistics import median

import aiohttp
import pytest
import structlog.testing

from graphql_api.program import serve
from models.values import Chain
from runtime.database import DatabaseUnreachable
from runtime.ports import PortInUse, free_port, is_free
from runtime.settings import ApiSettings
from tests.integration.graphql_api.client import Client
from tests.integration.graphql_api.conftest import serving
from tests.integration.graphql_api.market import Market

UNASKED = {"queries": {"answered": 0, "passedOn": {}}}
WATCH = "subscription { jobChanges { kind } }"


async def _get(api: Client, path: str) -> tuple[int, object]:
    async with api.session.get(api.url + path) as response:
        return response.status, await response.json()


async def test_health_is_about_the_process_alone(api: Client) -> None:
    """A supervisor sees that we live, even when nothing is indexed."""
    assert await _get(api, "/health") == (200, {"status": "healthy", "service": "lamda-backend"})


async def test_not_ready_before_anything_is_indexed(api: Client) -> None:
    """A missing chain is named."""
    status, answer = await _get(api, "/ready")

    missing = {"ready": False, "reason": "nothing is indexed yet: has the indexer been started for this chain?"}
    assert (503, {"ready": False, "chains": {"bsc": missing, "opbnb": missing}, **UNASKED}) == (status, answer)


async def test_ready_when_both_chains_are_near_their_heads(api: Client, market: Market) -> None:
    """Progress of each chain, in numbers."""
    await market.checkpoint(Chain.BSC, number=50, finalized=40, head=51)
    await market.checkpoint(Chain.OPBNB, number=60, finalized=1)

    status, answer = await _get(api, "/ready")

    bsc = {"ready": True, "reason": None, "indexed": 50, "head": 51, "finalized": 40}
    opbnb = {"ready": True, "reason": None, "indexed": 60, "head": 60, "finalized": 1}
    assert (200, {"ready": True, "chains": {"bsc": bsc, "opbnb": opbnb}, **UNASKED}) == (status, answer)


async def test_not_ready_while_one_chain_is_behind(api: Client, market: Market) -> None:
    """One chain's trouble is enough, and the reason is its own."""
    await market.checkpoint(Chain.BSC, number=50, head=251)
    await market.checkpoint(Chain.OPBNB, number=60)

    status, answer = await _get(api, "/ready")

    assert isinstance(answer, dict)
    assert (status, answer["chains"]["bsc"]["reason"]) == (503, "201 blocks behind the head, 200 allowed")
    assert answer["chains"]["opbnb"]["ready"]


async def test_the_root_says_where_to_go(api: Client) -> None:
    """Somebody who only knows the port finds the rest."""
    status, answer = await _get(api, "/")

    assert (status, answer["graphql"]) == (200, "/graphql")  # type: ignore[index]


async def test_small_answers_leave_at_once(api: Client) -> None:
    """Held back until the client acknowledges the last packet, each would take 40 ms."""
    took = []
    for _ in range(15):
        began = time.perf_counter()
        await _get(api, "/health")
        took.append(time.perf_counter() - began)

    assert median(took) < 0.03


async def test_pages_of_any_origin_may_ask(api: Client) -> None:
    """A frontend on another host asks, and its browser lets it see the answer."""
    origin = {"Origin": "https://frontend.example", "Access-Control-Request-Method": "POST"}
    async with api.session.options(
        f"{api.url}/graphql", headers={**origin, "Access-Control-Request-Headers": "content-type"}
    ) as response:
        assert (response.status, response.headers["Access-Control-Allow-Origin"]) == (200, "*")
    async with api.session.ws_connect(
        f"{api.url}/graphql", protocols=["graphql-transport-ws"], headers={"Origin": "https://frontend.example"}
    ) as socket:
        assert socket.protocol == "graphql-transport-ws"


async def test_the_old_websocket_protocol_is_not_spoken(api: Client) -> None:
    """graphql-ws, the legacy one, is refused at once."""
    async with api.session.ws_connect(f"{api.url}/graphql", protocols=["graphql-ws"]) as socket:
        message = await socket.receive(timeout=5)

    assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, 4406)


async def test_a_syntax_error_is_told_over_http(api: Client) -> None:
    """With the place where it is."""
    error = await api.refusal("{ jobs {")

    assert error["message"] == "Syntax Error: Expected Name, found <EOF>."
    assert error["locations"] == [{"line": 1, "column": 9}]


async def test_a_syntax_error_is_told_over_the_websocket(api: Client) -> None:
    """As the error of its operation; others on the connection go on."""
    async with api.watch("subscription {") as watching:
        message = await watching.message()

    assert (message["type"], message["id"]) == ("error", "1")
    assert message["payload"][0]["message"] == "Syntax Error: Expected Name, found <EOF>."


async def test_an_internal_error_is_masked_and_logged_under_a_reference(api: Client, market: Market) -> None:
    """The client learns where to find it, the log learns what it was."""
    await market.execute("drop table payment_claimed")
    with structlog.testing.capture_logs() as logs:
        error = await api.refusal("{ jobStats { paidOut } }")

    reference = error["extensions"]["reference"]
    assert error["message"] == f"internal error (the log has it under {reference})"
    assert error["path"] == ["jobStats"]
    assert [(entry["event"], entry["reference"]) for entry in logs] == [("api.internal_error", reference)]
    assert 'relation "payment_claimed" does not exist' in str(logs[0]["exc_info"])


async def test_an_internal_error_is_shown_in_development(schema_url: str, market: Market) -> None:
    """Whoever develops wants to read it at once."""
    await market.execute("drop table payment_claimed")
    async with serving(schema_url, shows_internal_errors=True) as api:
        with structlog.testing.capture_logs():
            error = await api.refusal("{ jobStats { paidOut } }")

    assert 'relation "payment_claimed" does not exist' in error["message"]


TOO_LARGE = [
    ("{ " + "jobs { nodes { provider { " * 4 + "address" + " } } }" * 4 + " }", "nested 13 deep, 12 allowed"),
    ("{ " + " ".join(f"a{i}: jobStats {{ total }}" for i in range(501)) + " }", "1002 fields are asked for, 1000"),
    ("{ " + "jobStats { total } " * 1000 + "}", "Document contains more than 4000 tokens"),
]


@pytest.mark.parametrize(("query", "message"), TOO_LARGE, ids=["deep", "wide", "long"])
async def test_a_question_that_is_too_large_is_refused(api: Client, query: str, message: str) -> None:
    """Before anything is asked of the database."""
    answers = [error["message"] for error in (await api.respond(query))["errors"]]

    assert any(message in answer for answer in answers)


async def test_a_document_made_to_be_expensive_to_measure_is_not(api: Client) -> None:
    """Each of forty fragments spreads the next one twice: 2^40 fields, measured at once."""
    fragments = [f"fragment f{i} on Query {{ ...f{i + 1} ...f{i + 1} }}" for i in range(40)]
    query = " ".join(["{ ...f0 }", *fragments, "fragment f40 on Query { __typename }"])

    async with asyncio.timeout(5):
        assert await api.ask(query) == {"__typename": "Query"}


async def test_a_port_in_use_is_refused_by_the_name_of_its_setting(schema_url: str) -> None:
    """The message says which setting to change."""
    async with serving(schema_url) as api:
        port = int(api.url.rpartition(":")[2])

        with pytest.raises(PortInUse, match=f"port {port} .* API_PORT"):
            await serve(ApiSettings.model_validate({"API_PORT": port}), database_url=schema_url)


async def test_a_database_that_does_not_answer_is_said_so() -> None:
    """After a stated time, with its URL and without its password."""
    url = f"postgresql://lamda:secret@127.0.0.1:{free_port()}/lamda"

    with pytest.raises(DatabaseUnreachable, match=r"no connection to Postgres at postgresql://127\.0\.0\.1") as raised:
        await serve(
            ApiSettings.model_validate({"API_PORT": free_port()}), database_url=url, connect_timeout_seconds=0.5
        )

    assert "secret" not in str(raised.value)


async def test_stopping_takes_seconds_with_subscribers_connected(schema_url: str) -> None:
    """Their connections are closed with the code for a restart, so that clients come back."""
    async with serving(schema_url) as api, api.watch(WATCH) as watching:
        closing = asyncio.create_task(watching.closed())
        async with asyncio.timeout(5):
            await api.stop()

        assert await closing == 1012


async def test_cancelling_stops_in_order_too(schema_url: str) -> None:
    """Whoever runs us beside other programs may simply cancel us."""
    port, started = free_port(), asyncio.Event()
    server = asyncio.create_task(
        serve(
            ApiSettings.model_validate({"API_PORT": port}),
            database_url=schema_url,
            on_started=lambda _: started.set(),
        )
    )
    await started.wait()

    server.cancel()
    async with asyncio.timeout(5):
        with pytest.raises(asyncio.CancelledError):
            await server

    assert is_free(port)


PROGRAM = """
import asyncio, sys
from graphql_api.program import serve
from runtime.settings import ApiSettings
settings = ApiSettings.model_validate({"API_PORT": int(sys.argv[2])})
asyncio.run(serve(settings, database_url=sys.argv[1], on_started=lambda url: print(url, file=sys.stderr, flush=True)))
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_the_program_within_seconds(schema_url: str, number: signal.Signals) -> None:
    """With a subscriber connected, and with nothing left behind."""
    port = free_port()
    program = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-c", PROGRAM, schema_url, str(port)),
        cwd=Path(__file__).parents[3],
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    assert program.stderr is not None
    url = (await program.stderr.readline()).decode().strip()
    async with aiohttp.ClientSession() as session, Client(url, session).watch(WATCH):
        program.send_signal(number)
        async with asyncio.timeout(5):
            assert await program.wait() == 0

    assert is_free(port)
