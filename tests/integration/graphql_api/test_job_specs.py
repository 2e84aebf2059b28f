"""What to run for a job: who may say it and until when, and who may read it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from models.values import parse_address
from runtime.settings import AccountSettings
from tests.integration.graphql_api.client import Client
from tests.integration.graphql_api.conftest import serving
from tests.integration.graphql_api.market import Market, confirmed, created, job_hex, job_id, registered
from tests.integration.graphql_api.wallets import Wallet

RENTER, PROVIDER, OTHER, ADMIN = Wallet(1), Wallet(5), Wallet(2), Wallet(0)
SPEC = {
    "dockerImage": "pytorch/pytorch:2.4.0",
    "inputUrl": "gnfd://inputs/a.tar",
    "outputBucket": "outputs",
    "outputName": "a.tar",
    "minVramMib": 8192,
    "gpuModel": "RTX 4090",
}
FIELDS = " ".join(SPEC)
SUBMIT = f"""mutation ($job: Bytes32!, $spec: JobSpecInput!) {{
    submitJobSpec(jobId: $job, spec: $spec) {{ {FIELDS} submittedAt }} }}"""
SECRETS = f"jobId hasSpec outputUrl spec {{ {FIELDS} }}"
JOB = f"query ($job: Bytes32!) {{ job(jobId: $job) {{ {SECRETS} }} }}"
JOBS = f"{{ jobs {{ nodes {{ {SECRETS} }} }} }}"


@pytest.fixture
async def api(schema_url: str) -> AsyncIterator[Client]:
    """A client of an API that knows an admin."""
    accounts = AccountSettings(admin_addresses=frozenset([parse_address(ADMIN.address)]))
    async with serving(schema_url, accounts=accounts) as client:
        yield client


@pytest.fixture
async def renter(api: Client) -> Client:
    """A client that is signed in as the renter."""
    return await RENTER.enter(api)


def job(number: int, block: int = 10) -> Any:
    """Return the `JobCreated` of the renter for the provider."""
    return created(number, block, renter=RENTER.address, provider=PROVIDER.address, payment=1)


async def submit(client: Client, number: int, **changed: Any) -> Any:
    """Hand in a spec."""
    return (await client.ask(SUBMIT, job=job_hex(number), spec={**SPEC, **changed}))["submitJobSpec"]


async def refusal(client: Client, number: int, **changed: Any) -> tuple[str, str]:
    """Hand in a spec that must be refused; return code and message."""
    error = await client.refusal(SUBMIT, job=job_hex(number), spec={**SPEC, **changed})
    return error["extensions"]["code"], error["message"]


async def dispatched(market: Market, number: int) -> None:
    """Decide an attempt."""
    now = datetime.now(UTC)
    provider = parse_address(PROVIDER.address)
    await market.note("dispatches", number, attempt=1, provider=provider, token="t", decided_at=now, published_at=now)


async def test_a_spec_after_the_transaction_belongs_to_the_job(renter: Client, market: Market) -> None:
    await market.commit(job(1))

    kept = await submit(renter, 1)

    assert kept.items() >= SPEC.items()
    assert (await renter.ask(JOB, job=job_hex(1)))["job"]["spec"] == SPEC


async def test_a_spec_before_the_transaction_waits_for_it(renter: Client, market: Market) -> None:
    await submit(renter, 1)
    await market.commit(job(1))

    assert (await renter.ask(JOB, job=job_hex(1)))["job"].items() >= {"hasSpec": True, "spec": SPEC}.items()


async def test_a_spec_for_somebody_elses_job_never_counts(api: Client, renter: Client, market: Market) -> None:
    """Handed in before, it is nobody's; afterwards it is refused."""
    other = await OTHER.enter(api)
    await submit(other, 1, dockerImage="evil")
    await market.commit(job(1))

    assert (await renter.ask(JOB, job=job_hex(1)))["job"].items() >= {"hasSpec": False, "spec": None}.items()
    code, message = await refusal(other, 1)
    assert (code, f"was created by {RENTER.address}" in message) == ("FORBIDDEN", True)


async def test_a_later_spec_replaces_an_earlier_one_until_dispatch(renter: Client, market: Market) -> None:
    await market.commit(job(1))
    await submit(renter, 1)
    await submit(renter, 1, dockerImage="alpine:3", gpuModel=None)
    await dispatched(market, 1)

    assert await refusal(renter, 1) == (
        "CONFLICT",
        f"job {job_hex(1)} has been dispatched: what to run can no longer be changed",
    )
    spec = (await renter.ask(JOB, job=job_hex(1)))["job"]["spec"]
    assert spec == {**SPEC, "dockerImage": "alpine:3", "gpuModel": None}


async def test_an_attempt_decided_meanwhile_is_seen(renter: Client, market: Market, schema_url: str) -> None:
    """Whoever decides holds the job's row; the spec that waits for it comes too late."""
    await market.commit(job(1))
    async with await psycopg.AsyncConnection.connect(schema_url) as deciding:
        await deciding.execute("select from jobs for update")
        submitting = asyncio.create_task(refusal(renter, 1))
        waiting = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
        async with asyncio.timeout(10):
            while not await market.execute(waiting):
                await asyncio.sleep(0.02)
        row = (job_id(1), parse_address(PROVIDER.address))
        await deciding.execute("insert into dispatches values (%s, 1, %s, 't', now(), null)", row)

    assert (await submitting)[0] == "CONFLICT"


async def test_both_specs_are_told_to_who_watches_the_job(renter: Client, market: Market) -> None:
    """The first, by which the job has one, and the second, which changes what is shown beside it."""
    query = "subscription { jobChanges { kind job { hasSpec spec { dockerImage } } } }"
    async with renter.watch(query) as watching:
        await market.commit(job(1))
        assert (await watching.told())["jobChanges"]["job"] == {"hasSpec": False, "spec": None}
        await submit(renter, 1)
        first = await watching.told()
        await submit(renter, 1, dockerImage="alpine")
        second = await watching.told()

    images = [each["jobChanges"]["job"]["spec"]["dockerImage"] for each in (first, second)]
    assert images == [SPEC["dockerImage"], "alpine"]


async def test_nobody_hands_in_a_spec_without_signing_in(api: Client) -> None:
    assert (await refusal(api, 1))[0] == "UNAUTHENTICATED"
    assert (await refusal(api.showing("invented"), 1))[0] == "UNAUTHENTICATED"


async def test_a_spec_that_no_agent_should_see_is_refused(renter: Client, market: Market) -> None:
    code, message = await refusal(renter, 1, dockerImage="--privileged")

    assert (code, message.startswith("spec.dockerImage: '--privileged' is not")) == ("BAD_INPUT", True)
    assert await market.execute("select job_id from job_specs") == []


READERS = [(RENTER, True), (PROVIDER, True), (ADMIN, True), (OTHER, False), (None, False)]


@pytest.mark.parametrize(("who", "may"), READERS, ids=["renter", "provider", "admin", "other", "anonymous"])
async def test_who_may_read_a_spec_and_an_output(api: Client, market: Market, who: Wallet | None, *, may: bool) -> None:
    """Alone, in a list, in a list of a provider, by its global id, and in a subscription."""
    await market.commit(job(1), registered(PROVIDER.address, 5))
    await submit(await RENTER.enter(api), 1)
    await dispatched(market, 1)
    report = {"provider": parse_address(PROVIDER.address), "attempt": 1, "received_at": datetime.now(UTC)}
    await market.note("agent_reports", 1, status="completed", output_url="https://out/1", **report)
    client = api if who is None else await who.enter(api)
    expected = {
        "jobId": job_hex(1),
        "hasSpec": True,
        "outputUrl": "https://out/1" if may else None,
        "spec": SPEC if may else None,
    }

    assert (await client.ask(JOB, job=job_hex(1)))["job"] == expected
    assert (await client.ask(JOBS))["jobs"]["nodes"] == [expected]
    nested = await client.ask(f"{{ providers {{ nodes {{ jobs {{ nodes {{ {SECRETS} }} }} }} }} }}")
    assert nested["providers"]["nodes"][0]["jobs"]["nodes"] == [expected]
    node = f"query ($id: ID!) {{ node(id: $id) {{ ... on Job {{ {SECRETS} }} }} }}"
    identity = (await client.ask("{ jobs { nodes { id } } }"))["jobs"]["nodes"][0]["id"]
    assert (await client.ask(node, id=identity))["node"] == expected
    async with client.watch(f"subscription {{ jobChanges {{ job {{ {SECRETS} }} }} }}") as watching:
        await market.commit(confirmed(1, 20))
        assert (await watching.told())["jobChanges"]["job"] == expected


async def test_a_mixed_list_shows_each_reader_its_own(api: Client, renter: Client, market: Market) -> None:
    """Of two jobs with specs, the renter of one sees one."""
    other = await OTHER.enter(api)
    await market.commit(job(1), created(2, 11, renter=OTHER.address, payment=1))
    await submit(renter, 1)
    await submit(other, 2)

    for client, seen in ((renter, [False, True]), (other, [True, False])):
        nodes = (await client.ask(JOBS))["jobs"]["nodes"]
        assert [node["spec"] is not None for node in nodes] == seen


@pytest.fixture
async def strict(schema_url: str) -> AsyncIterator[Client]:
    """A client of an API that lets two specs of a wallet wait for their jobs, signed in as the renter."""
    async with serving(schema_url, api_waiting_specs_max=2) as client:
        yield await RENTER.enter(client)


async def test_a_wallet_has_a_quota_of_specs_whose_job_is_not_on_chain(strict: Client, market: Market) -> None:
    """What it replaces, what its jobs have, and what others hand in does not count."""
    other = await OTHER.enter(strict)
    await market.commit(job(9))
    for client, number in ((strict, 1), (strict, 2), (other, 3), (strict, 2), (strict, 9)):
        await submit(client, number)
    code, message = await refusal(strict, 4)

    assert (code, message.startswith(f"{RENTER.address} has handed in 2 specs for jobs that are not on chain")) == (
        "OVER_QUOTA",
        True,
    )
    await market.commit(job(1, block=11))
    await submit(strict, 4)


async def test_a_spec_for_somebody_elses_job_counts(strict: Client, market: Market) -> None:
    """It waits for a job of this wallet that never comes."""
    await submit(strict, 1)
    await submit(strict, 2)
    await market.commit(created(1, 10, renter=OTHER.address, payment=1))

    assert (await refusal(strict, 3))[0] == "OVER_QUOTA"


async def test_specs_handed_in_at_once_are_counted_one_after_the_other(strict: Client, market: Market) -> None:
    answers = await asyncio.gather(*(strict.respond(SUBMIT, job=job_hex(number), spec=SPEC) for number in range(1, 7)))

    assert sum(not answer.get("errors") for answer in answers) == 2
    assert await market.execute("select count(*) from job_specs") == [(2,)]
