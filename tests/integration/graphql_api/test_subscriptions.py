"""What can be watched: live, filtered, and through the trouble of others."""

import asyncio
from pathlib import Path

import aiohttp
import psycopg

import migrations
from graphql_api.listening import QUEUE_MAX
from models.feed import ChangeKind, Entity
from runtime import feed
from runtime.embedded_postgres import EmbeddedPostgres
from runtime.feed import Change
from tests.integration.graphql_api.client import Client
from tests.integration.graphql_api.conftest import serving
from tests.integration.graphql_api.market import (
    Market,
    address,
    beat,
    claimed,
    confirmed,
    created,
    credited,
    job_hex,
    moment,
    registered,
)
from tests.integration.graphql_api.watching import JOBS, PROVIDERS, next_change, next_failure, until_it_hears


async def test_each_change_of_a_job_is_told_with_the_job_as_it_is(api: Client, market: Market) -> None:
    """From creation to payment, in the order of commits."""
    async with api.watch(JOBS) as watching:
        await until_it_hears(watching, market)
        seen = []
        for fact in (created(1, 10, payment=5), confirmed(1, 11), claimed(1, 12, amount=5)):
            await market.commit(fact)
            change = await next_change(watching)
            seen.append((change["kind"], change["jobId"], change["job"]["status"], change["job"]["escrow"]))

    assert seen == [
        ("CREATED", job_hex(1), "CREATED", "HELD"),
        ("UPDATED", job_hex(1), "COMPLETED", "CONFIRMED"),
        ("UPDATED", job_hex(1), "COMPLETED", "CLAIMED"),
    ]


async def test_each_change_of_a_provider_is_told(api: Client, market: Market) -> None:
    """It registers, beats, is credited, and expires."""
    async with api.watch(PROVIDERS) as watching:
        await until_it_hears(watching, market)
        seen = []
        for fact, online_since in (
            (registered("p", 10), 0),
            (beat("p", 11), 0),
            (credited("p", 12, 3), 0),
            (credited("p", 13, 4), 900),
        ):
            await market.commit(fact, online_since=moment(online_since))
            change = await next_change(watching)
            seen.append((change["kind"], change["provider"]["isOnline"], change["provider"]["reputationScore"]))
        assert change["address"] == address("p")

    assert seen == [("CREATED", False, 0), ("UPDATED", True, 0), ("UPDATED", True, 3), ("UPDATED", False, 4)]


async def test_what_leaves_the_filter_is_told_once(api: Client, market: Market) -> None:
    """It was inside before, so its going is told with `matches: false`; after that it is nobody's business."""
    async with api.watch(JOBS, filter={"escrow": "HELD", "minPayment": "5"}) as watching:
        await until_it_hears(watching, market)
        await market.commit(created(1, 10, payment=5), created(2, 10, log_index=1, payment=4))
        first = await next_change(watching)
        await market.commit(confirmed(1, 11))
        second = await next_change(watching)
        await market.commit(claimed(1, 12, amount=5))
        await market.commit(created(3, 13, payment=6))
        third = await next_change(watching)

    told = [(change["jobId"], change["kind"], change["matches"]) for change in (first, second, third)]
    assert told == [
        (job_hex(1), "CREATED", True),
        (job_hex(1), "UPDATED", False),
        (job_hex(3), "CREATED", True),
    ]


async def test_what_enters_the_filter_is_told(api: Client, market: Market) -> None:
    """A provider that comes online enters the view of who is online."""
    await market.commit(registered("p", 10))
    async with api.watch(PROVIDERS, filter={"isOnline": True}) as watching:
        await until_it_hears(watching, market)
        await market.commit(credited("p", 11, 1))
        await market.commit(beat("p", 12))
        change = await next_change(watching)

    assert (change["address"], change["kind"], change["matches"]) == (address("p"), "UPDATED", True)
    assert change["provider"] == {"isOnline": True, "reputationScore": 1}


async def test_one_job_or_one_provider_can_be_watched(api: Client, market: Market) -> None:
    """By its key, in any case."""
    async with (
        api.watch(JOBS, jobId=job_hex(0xABC).upper().replace("0X", "0x")) as job,
        api.watch(PROVIDERS, address=address("p").lower()) as provider,
    ):
        await until_it_hears(job, market)
        await until_it_hears(provider, market)
        await market.commit(created(1, 10, payment=1), registered("q", 10))
        await market.commit(created(0xABC, 11, payment=1), registered("p", 11))

        assert (await next_change(job))["jobId"] == job_hex(0xABC)
        assert (await next_change(provider))["address"] == address("p")


async def test_what_a_reorganisation_undid_is_told(api: Client, market: Market) -> None:
    """Taken back in part is an update, taken back wholly is a removal, both marked."""
    facts = created(1, 10, payment=5), confirmed(1, 11)
    await market.commit(*facts)
    async with api.watch(JOBS) as watching:
        await until_it_hears(watching, market)
        await market.undo(facts[1])
        updated = await next_change(watching)
        await market.undo(facts[0])
        removed = await next_change(watching)

    assert (updated["kind"], updated["byReorg"], updated["job"]["escrow"]) == ("UPDATED", True, "HELD")
    assert (removed["kind"], removed["byReorg"], removed["job"], removed["matches"]) == ("REMOVED", True, None, False)


async def test_resync_says_to_read_again(api: Client, market: Market) -> None:
    """Whatever the filter, for so much changed that nobody says what."""
    async with api.watch(JOBS, filter={"status": "FAILED"}) as watching:
        await until_it_hears(watching, market)
        await market.tell(Change(entity=Entity.JOB, kind=ChangeKind.RESYNC, key=None))
        change = (await watching.told())["jobChanges"]

    assert {"kind": "RESYNC", "jobId": None, "job": None, "matches": True, "byReorg": False}.items() <= change.items()


async def test_more_changes_than_can_be_told_become_one_resync(api: Client, market: Market, schema_url: str) -> None:
    """While a lock holds answers up, what waits is bounded; nobody is closed for it, and all are told to read again."""
    await market.commit(created(1, 10, payment=1))
    after = (await market.execute("select after from changes"))[0][0]
    changes = [Change(entity=Entity.JOB, kind=ChangeKind.UPDATED, key=job_hex(1), after=after)] * (QUEUE_MAX * 2)
    async with api.watch(JOBS) as watching:
        await until_it_hears(watching, market)
        async with await psycopg.AsyncConnection.connect(schema_url) as other:
            await other.execute("lock table jobs in access exclusive mode")
            await market.tell(*changes)
            await market.tell(*changes)
        kinds = []
        while "RESYNC" not in kinds:
            kinds.append((await watching.told())["jobChanges"]["kind"])
        await market.commit(confirmed(1, 11))
        while (change := await next_change(watching))["job"]["escrow"] != "CONFIRMED":
            pass

    assert len(kinds) < QUEUE_MAX + 100
    assert change["jobId"] == job_hex(1)


async def test_subscriptions_survive_losing_every_connection(api: Client, market: Market) -> None:
    """The reader reconnects behind the last position it told, so what was committed meanwhile is told too."""
    async with api.watch(JOBS) as watching:
        await until_it_hears(watching, market)
        await market.execute(
            """
            select pg_terminate_backend(pid) from pg_stat_activity
            where datname = current_database() and pid <> pg_backend_pid()
            """
        )
        await market.commit(created(1, 10, payment=1))
        change = await next_change(watching)

    assert (change["jobId"], change["job"]["escrow"]) == (job_hex(1), "HELD")


async def test_subscriptions_survive_a_restart_of_postgres(tmp_path: Path) -> None:
    """The server itself stops and starts: queries fail as unavailable meanwhile, and nothing committed is missed."""
    server = EmbeddedPostgres(tmp_path)
    await server.start()
    url = await server.create_database("restarted")
    await asyncio.to_thread(migrations.upgrade, url)
    market = Market(url)
    try:
        async with serving(url) as api, api.watch(JOBS) as watching:
            await until_it_hears(watching, market)
            await server.stop()
            down = await api.refusal("{ jobStats { total } }")
            await server.start()
            await market.commit(created(1, 10, payment=1))
            change = await next_change(watching)
    finally:
        await server.stop()

    assert down["extensions"]["code"] == "UNAVAILABLE"
    assert change["jobId"] == job_hex(1)


async def test_a_database_of_another_lineage_ends_subscriptions(api: Client, market: Market) -> None:
    """Whoever watches is told to read anew, rather than being told of another world."""
    async with api.watch(JOBS) as watching:
        await until_it_hears(watching, market)
        await market.execute("update feed set epoch = gen_random_uuid()")
        await market.execute(
            """
            select pg_terminate_backend(pid) from pg_stat_activity
            where datname = current_database() and pid <> pg_backend_pid()
            """
        )
        error = await next_failure(watching)

    assert error["extensions"]["code"] == "CURSOR_EXPIRED"


async def test_a_hole_in_the_feed_ends_subscriptions(api: Client, market: Market, schema_url: str) -> None:
    """Changes that were dropped before they could be told are not passed over in silence."""
    async with api.watch(JOBS) as watching:
        await until_it_hears(watching, market)
        async with await psycopg.AsyncConnection.connect(schema_url) as connection:
            resync = Change(entity=Entity.JOB, kind=ChangeKind.RESYNC, key=None)
            position = (await feed.position(connection)).number
            await feed.append(connection, [resync, resync])
            await connection.execute("delete from changes where position = %s", (position + 1,))
        error = await next_failure(watching)

    assert error["extensions"]["code"] == "CURSOR_EXPIRED"


async def test_many_subscribers_are_served_by_one_reader(api: Client, market: Market) -> None:
    """A hundred subscriptions on one connection: one connection listens to the feed, and everybody is told."""
    async with api.session.ws_connect(f"{api.url}/graphql", protocols=["graphql-transport-ws"]) as socket:
        await _subscribe(socket, 100)
        listening = await market.execute(
            "select count(*) from pg_stat_activity where datname = current_database() and query ilike 'listen%%'"
        )
        await market.commit(created(1, 10, payment=1))
        told = {await _told(socket) for _ in range(100)}

    assert listening == [(1,)]
    assert {(str(number), job_hex(1)) for number in range(100)} == told


async def _subscribe(socket: aiohttp.ClientWebSocketResponse, count: int) -> None:
    await socket.send_json({"type": "connection_init"})
    await socket.receive_json()
    payload = {"query": "subscription { jobChanges { jobId } }"}
    for number in range(count):
        await socket.send_json({"type": "subscribe", "id": str(number), "payload": payload})
    # The server begins what it is asked in order, so what follows an answer finds all before it begun.
    await socket.send_json({"type": "ping"})
    assert (await socket.receive_json(timeout=10))["type"] == "pong"


async def _told(socket: aiohttp.ClientWebSocketResponse) -> tuple[str, str]:
    message = await socket.receive_json(timeout=10)
    return message["id"], message["payload"]["data"]["jobChanges"]["jobId"]
