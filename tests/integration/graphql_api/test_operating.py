"""What admins may do, that nobody else may, and what is kept of it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from models.values import Chain, parse_address
from runtime.settings import AccountSettings
from tests.integration.graphql_api.client import Client
from tests.integration.graphql_api.conftest import serving
from tests.integration.graphql_api.market import Market, confirmed, created, job_hex, moment, registered
from tests.integration.graphql_api.wallets import Wallet

ADMIN, RENTER, PROVIDER = Wallet(0), Wallet(1), Wallet(5)

REINDEX_FIELDS = "id chain fromBlock toBlock progress done missing surplus changed reason requestedBy"
REINDEX = f"mutation ($from: Int!) {{ reindex(chain: BSC, fromBlock: $from) {{ {REINDEX_FIELDS} }} }}"
REINDEXES = f"{{ reindexes {{ {REINDEX_FIELDS} }} }}"
RESUME = "mutation ($chain: Chain!) { resume(chain: $chain) { chain ready reason } }"
RETRY = """mutation ($job: Bytes32!) {
    retryDispatch(jobId: $job) { status error reason dispatch { attempts } timeline { kind detail } } }"""
PAUSE = "mutation ($paused: Boolean!) { pauseCredits(paused: $paused) }"


@pytest.fixture
async def api(schema_url: str) -> AsyncIterator[Client]:
    """A client of an API that knows an admin."""
    accounts = AccountSettings(admin_addresses=frozenset([parse_address(ADMIN.address)]))
    async with serving(schema_url, accounts=accounts) as client:
        yield client


@pytest.fixture
async def admin(api: Client) -> Client:
    """A client that is signed in as the admin."""
    return await ADMIN.enter(api)


@pytest.fixture
async def bsc(market: Market) -> None:
    """BSC from block 10 on, indexed to 100, final to 90."""
    await market.checkpoint(Chain.BSC, number=100, finalized=90, start_block=10)


async def refusal(client: Client, query: str, **variables: Any) -> tuple[str, str]:
    """Ask what must be refused; return code and message."""
    error = await client.refusal(query, **variables)
    return error["extensions"]["code"], error["message"]


async def requests(market: Market) -> list[tuple[Any, ...]]:
    """Return who asked for what, and whether it is done."""
    return await market.execute("select kind, chain, requested_by, finished_at is not null from requests order by id")


async def failed_job(market: Market, *, status: str = "failed") -> None:
    """Create job 1 of the provider, with a spec, and have its agent report an outcome."""
    about = {"provider": parse_address(PROVIDER.address), "attempt": 1}
    await market.commit(created(1, 20, renter=RENTER.address, provider=PROVIDER.address, payment=1))
    spec = {"renter": parse_address(RENTER.address), "docker_image": "alpine", "submitted_at": moment(20)}
    await market.note("job_specs", 1, **spec)
    await market.note("dispatches", 1, **about, token="t", decided_at=moment(21), published_at=moment(22))
    await market.note("agent_reports", 1, **about, status=status, message="no GPU", received_at=moment(23))


OPERATIONS = [
    (REINDEX, {"from": 20}),
    (RESUME, {"chain": "BSC"}),
    (RETRY, {"job": job_hex(1)}),
    (PAUSE, {"paused": True}),
    (REINDEXES, {}),
    ("{ creditsPausedReason }", {}),
]


@pytest.mark.usefixtures("bsc")
@pytest.mark.parametrize(("query", "variables"), OPERATIONS)
async def test_nobody_else_operates(api: Client, market: Market, query: str, variables: dict[str, Any]) -> None:
    """Neither who has not signed in, nor who is a renter or a provider, nor with a session that has ended."""
    await market.commit(registered(PROVIDER.address, 5))
    await failed_job(market)
    await market.execute("insert into signers (address, beat_at) values ('\\x01', now())")
    ended = await ADMIN.enter(api)
    await ended.ask("mutation { signOut }")

    for client in (api, ended):
        assert (await refusal(client, query, **variables))[0] == "UNAUTHENTICATED"
    for wallet in (RENTER, PROVIDER):
        code, message = await refusal(await wallet.enter(api), query, **variables)
        assert (code, message) == (
            "FORBIDDEN",
            f"{wallet.address} is not an admin: only wallets that ADMIN_ADDRESSES names may do this",
        )
    assert await requests(market) == []
    assert await market.execute("select status from jobs") == [("FAILED",)]
    assert await market.execute("select paused_reason from signers") == [(None,)]


@pytest.mark.usefixtures("bsc")
async def test_a_reindex_is_asked_for_and_watched(admin: Client, market: Market) -> None:
    """Returned at once; then as far as the worker says it is, to its result."""
    asked = (await admin.ask(REINDEX, **{"from": 20}))["reindex"]
    assert asked == {
        "id": "1", "chain": "BSC", "fromBlock": 20, "toBlock": 90, "progress": 0.0, "done": False,
        "missing": None, "surplus": None, "changed": None, "requestedBy": ADMIN.address,
        "reason": "nobody indexes BSC now: it waits for an indexer",
    }  # fmt: skip
    assert await requests(market) == [("REINDEX", "bsc", ADMIN.address, False)]
    assert await market.execute("select first_block, last_block, repairs from requests") == [(20, None, True)]

    await market.execute(
        """
        update requests set started_at = now(), read_through = 39, trouble = 'HTTP 429',
            result = '{"blocks": {"first": 20, "last": 99}}'
        """
    )
    halfway = (await admin.ask(REINDEXES))["reindexes"]
    await market.execute(
        "update requests set finished_at = now(), trouble = null, missing = 3, surplus = 0, changed = 1"
    )
    (done,) = (await admin.ask(REINDEXES))["reindexes"]

    assert halfway == [{**asked, "toBlock": 99, "progress": 0.25, "reason": "HTTP 429"}]
    result = {"progress": 1.0, "done": True, "missing": 3, "surplus": 0, "changed": 1, "reason": None}
    assert done == {**asked, "toBlock": 99, **result}


@pytest.mark.usefixtures("bsc")
async def test_a_reindex_that_failed_says_why(admin: Client, market: Market) -> None:
    await admin.ask(REINDEX, **{"from": 20})
    await market.execute("update requests set finished_at = now(), error = 'history is gone', result = null")

    (ended,) = (await admin.ask(REINDEXES))["reindexes"]

    assert ended.items() >= {"done": True, "progress": 0.0, "missing": None, "reason": "history is gone"}.items()


@pytest.mark.usefixtures("bsc")
@pytest.mark.parametrize(
    ("first", "words"),
    [
        (9, "fromBlock: block 9 lies before block 10, where bsc starts for us"),
        (-1, "fromBlock: block -1 lies before block 10"),
        (91, "fromBlock: block 91 is not final in our tables: block 90 is the last that is"),
    ],
)
async def test_a_reindex_begins_where_there_is_something_final(
    admin: Client, market: Market, first: int, words: str
) -> None:
    """In the words that the indexer would fail it with."""
    code, message = await refusal(admin, REINDEX, **{"from": first})

    assert (code, message[: len(words)]) == ("BAD_INPUT", words)
    assert await requests(market) == []


async def test_after_a_deep_reorg_a_reindex_begins_at_the_fork_or_below(admin: Client, market: Market) -> None:
    """It is the word to follow the chain."""
    await market.checkpoint(
        Chain.BSC, number=100, finalized=95, final_through=60, start_block=10, paused_reason="reorg", paused_fork=60
    )

    code, message = await refusal(admin, REINDEX, **{"from": 61})
    assert (code, "reindex from block 60 or below" in message) == ("BAD_INPUT", True)
    assert (await admin.ask(REINDEX, **{"from": 60}))["reindex"]["fromBlock"] == 60


@pytest.mark.usefixtures("bsc")
async def test_of_two_reindexes_at_once_one_is_taken(admin: Client, market: Market) -> None:
    """The other is told whose is under way; afterwards another may be asked for."""
    answers = await asyncio.gather(*(admin.respond(REINDEX, **{"from": first}) for first in (20, 30)))
    (refused,) = (answer["errors"][0] for answer in answers if answer.get("errors"))

    assert refused["extensions"]["code"] == "CONFLICT"
    assert f"REINDEX 1 of BSC is under way, asked for by {ADMIN.address}" in refused["message"]
    assert len(await requests(market)) == 1
    await market.execute("update requests set finished_at = now()")
    await admin.ask(REINDEX, **{"from": 20})


async def test_nothing_is_asked_of_a_chain_that_has_not_begun(admin: Client, market: Market) -> None:
    for query, variables in ((REINDEX, {"from": 20}), (RESUME, {"chain": "OPBNB"})):
        assert "is indexed in this database yet" in (await refusal(admin, query, **variables))[1]
    assert await requests(market) == []


async def test_a_paused_chain_is_resumed_by_its_indexer(admin: Client, market: Market) -> None:
    """What is returned is how it stands; asked for once, however often somebody presses."""
    await market.checkpoint(Chain.OPBNB, number=100, paused_reason="a reorg deeper than finality")
    status = (await admin.ask(RESUME, chain="OPBNB"))["resume"]
    again = await refusal(admin, RESUME, chain="OPBNB")

    assert (status["chain"], status["ready"]) == ("OPBNB", False)
    assert "a reorg deeper than finality" in status["reason"]
    assert (again[0], again[1].startswith("RESUME 1 of OPBNB is under way")) == ("CONFLICT", True)
    assert await requests(market) == [("RESUME", "opbnb", ADMIN.address, False)]


@pytest.mark.usefixtures("bsc")
async def test_a_chain_that_is_not_paused_is_not_resumed(admin: Client) -> None:
    assert await refusal(admin, RESUME, chain="BSC") == ("CONFLICT", "BSC is not paused: there is nothing to resume")


@pytest.mark.usefixtures("bsc")
async def test_a_failed_job_is_open_again(admin: Client, market: Market) -> None:
    """The answer shows it so, subscribers are told, and the timeline says why."""
    await failed_job(market)
    async with admin.watch("subscription { jobChanges { job { status } } }") as watching:
        job = (await admin.ask(RETRY, job=job_hex(1)))["retryDispatch"]
        # What was committed right before may be told, too.
        while (told := (await watching.told())["jobChanges"]["job"]["status"]) == "FAILED":
            pass

    assert job.items() >= {"status": "CREATED", "error": None, "dispatch": None}.items()
    assert job["reason"] == "waiting to be sent to the provider's agent"
    assert job["timeline"][-1] == {"kind": "retry", "detail": "to be run once more"}
    assert told == "CREATED"
    assert await requests(market) == [("RETRY", "bsc", ADMIN.address, True)]


@pytest.mark.usefixtures("bsc")
async def test_a_job_with_a_result_is_not_run_again(admin: Client, market: Market) -> None:
    """Before and after its renter has confirmed it; nor is one that nobody knows."""
    await failed_job(market, status="completed")
    delivered = await refusal(admin, RETRY, job=job_hex(1))
    await market.commit(confirmed(1, 30))
    accepted = await refusal(admin, RETRY, job=job_hex(1))
    unknown = await refusal(admin, RETRY, job=job_hex(2))

    assert [code for code, _ in (delivered, accepted, unknown)] == ["CONFLICT"] * 3
    assert "its agent has delivered a result, which the renter has yet to confirm" in delivered[1]
    assert "its renter has confirmed the result" in accepted[1]
    assert f"job {job_hex(2)} is not in the database" in unknown[1]
    assert await requests(market) == []


async def test_credits_are_paused_and_go_on(admin: Client, market: Market) -> None:
    """All signers; what is so already stays as it is, with the reason that a person gave."""
    await market.execute("insert into signers (address, beat_at) values ('\\x01', now()), ('\\x02', now())")
    answers = [(await admin.ask(PAUSE, paused=paused))["pauseCredits"] for paused in (False, True, True)]
    told = (await admin.ask("{ creditsPausedReason }"))["creditsPausedReason"]
    paused = await market.execute("select distinct paused_reason from signers")
    answers.append((await admin.ask(PAUSE, paused=False))["pauseCredits"])

    assert answers == [False, True, True, False]
    assert paused == [(told,)] == [(f"paused by {ADMIN.address} over the API",)]
    assert await admin.ask("{ creditsPausedReason }") == {"creditsPausedReason": None}
    assert await requests(market) == [
        ("PAUSE_CREDITS", "opbnb", ADMIN.address, True),
        ("RESUME_CREDITS", "opbnb", ADMIN.address, True),
    ]


async def test_credits_that_nobody_signs_cannot_be_paused(admin: Client) -> None:
    assert (await refusal(admin, PAUSE, paused=True))[0] == "CONFLICT"


@pytest.mark.usefixtures("bsc")
async def test_every_act_is_a_line_in_the_log(admin: Client, market: Market) -> None:
    """With who did it."""
    await failed_job(market)
    await market.checkpoint(Chain.OPBNB, number=100, paused_reason="reorg")
    await market.execute("insert into signers (address, beat_at) values ('\\x01', now())")
    with capture_logs() as logs:
        await admin.ask(REINDEX, **{"from": 20})
        await admin.ask(RESUME, chain="OPBNB")
        await admin.ask(RETRY, job=job_hex(1))
        await admin.ask(PAUSE, paused=True)

    acts = [(log["event"], log["by"]) for log in logs if log["event"].startswith("admin.")]
    names = ("reindex", "resume", "retry", "pause_credits")
    assert acts == [(f"admin.{name}", ADMIN.address) for name in names]


async def test_an_admin_that_is_one_no_more_operates_no_more(schema_url: str, api: Client, market: Market) -> None:
    """Who is an admin is asked at each act, of the setting; a session remembers only who it is."""
    admin = await ADMIN.enter(api)
    async with serving(schema_url) as other:
        code, _ = await refusal(other.showing(admin.token), PAUSE, paused=True)

    assert (code, await requests(market)) == ("FORBIDDEN", [])


@pytest.mark.usefixtures("bsc")
async def test_a_dispatch_is_that_of_the_newest_retry(admin: Client, market: Market) -> None:
    """Attempts, times and the first answer: what came before the retry is in the timeline."""
    await failed_job(market)
    await admin.ask(RETRY, job=job_hex(1))
    ((number,),) = await market.execute("select number from retries")
    sent = {"decided_at": (now := datetime.now(UTC)), "published_at": now - timedelta(minutes=5), "token": "t2"}
    await market.note("dispatches", 1, attempt=2, provider=parse_address(PROVIDER.address), retry=number, **sent)

    query = "query ($job: Bytes32!) { job(jobId: $job) { status dispatch { attempts acknowledgedAt stalled } } }"

    job = (await admin.ask(query, job=job_hex(1)))["job"]
    assert job == {"status": "ASSIGNED", "dispatch": {"attempts": 1, "acknowledgedAt": None, "stalled": True}}
