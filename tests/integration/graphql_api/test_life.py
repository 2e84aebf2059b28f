"""The life of a job as everybody may see it: its attempts, its provider's credit, each step, and why it stands."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from models.values import Chain
from tests.integration.graphql_api.client import Client
from tests.integration.graphql_api.market import (
    Market,
    beat,
    block_hash,
    claimed,
    confirmed,
    created,
    credited,
    job_hex,
    job_id,
    moment,
    registered,
    shown,
    somebody,
    transaction_hash,
)

DISPATCH = "dispatch { attempts firstSentAt lastSentAt acknowledgedAt stalled }"
CREDIT = "credit { status transactionHash nonce attempts finalAt }"
TIMELINE = "timeline { kind at detail source { block { chain number hash final } transactionHash logIndex } }"
PROVIDER = somebody("provider")


async def ask(api: Client, fields: str, number: int = 1) -> Any:
    """Return fields of a job."""
    return (await api.ask(f"query ($job: Bytes32!) {{ job(jobId: $job) {{ {fields} }} }}", job=job_hex(number)))["job"]


async def send(market: Market, attempt: int, at: datetime | None, number: int = 1, provider: bytes = PROVIDER) -> None:
    """Decide an attempt, and publish it when a time is given."""
    row = {"provider": provider, "token": f"secret {attempt}", "decided_at": at or moment(0), "published_at": at}
    await market.note("dispatches", number, attempt=attempt, **row)


async def say(market: Market, status: str, at: datetime, number: int = 1, provider: bytes = PROVIDER) -> None:
    """Let an agent report."""
    row = {"message": f"message {status}", "output_url": "https://secret", "received_at": at}
    await market.note("agent_reports", number, provider=provider, attempt=1, status=status, **row)


async def intend(market: Market, *, adopted: bool = False, number: int = 1) -> None:
    """Decide to credit a job."""
    await market.note("credits", number, provider=PROVIDER, decided_at=moment(40), adopted=adopted)


async def test_a_job_at_first_has_neither_dispatch_nor_credit(api: Client, market: Market) -> None:
    await market.commit(created(1, 10, payment=1))

    assert await ask(api, f"{DISPATCH} {CREDIT}") == {"dispatch": None, "credit": None}


async def test_the_attempts_of_a_job(api: Client, market: Market) -> None:
    """Those that are decided count, those that were published have a time; a report of another provider is none."""
    await market.commit(created(1, 10, payment=1))
    await send(market, 1, moment(20))
    await send(market, 2, moment(50))
    await send(market, 3, None)
    await send(market, 4, moment(60), provider=somebody("another"))
    await say(market, "processing", moment(30), provider=somebody("another"))
    silent = (await ask(api, DISPATCH))["dispatch"]
    await say(market, "processing", moment(70))
    await say(market, "completed", moment(80))

    expected = {"attempts": 3, "firstSentAt": shown(20), "lastSentAt": shown(50)}
    assert silent == {**expected, "acknowledgedAt": None, "stalled": True}
    assert (await ask(api, DISPATCH))["dispatch"] == {**expected, "acknowledgedAt": shown(70), "stalled": False}


async def test_a_fresh_attempt_is_not_stalled(api: Client, market: Market) -> None:
    await market.commit(created(1, 10, payment=1))
    await send(market, 1, datetime.now(UTC) - timedelta(seconds=110))
    fresh = await ask(api, "dispatch { stalled }")
    await market.execute("update dispatches set published_at = published_at - interval '11 seconds'")

    assert (fresh, await ask(api, "dispatch { stalled }")) == (
        {"dispatch": {"stalled": False}},
        {"dispatch": {"stalled": True}},
    )


async def test_a_credit_from_its_intent_to_the_end(api: Client, market: Market) -> None:
    """Waiting, signed, sent, its fee raised, mined, and final with opBNB."""
    await market.commit(created(1, 10, payment=1), confirmed(1, 20))
    await market.checkpoint(Chain.OPBNB, number=100, finalized=59)
    seen = []

    async def look() -> None:
        seen.append((await ask(api, CREDIT))["credit"])

    await intend(market)
    await look()
    await market.sign(1, 7, b"first", moment(41))
    await look()
    await market.execute("update credit_attempts set sent_at = %s", moment(42))
    await market.sign(1, 7, transaction_hash(60, 0), moment(43), max_fee_per_gas=3)
    await look()
    await market.commit(credited("provider", 60, 1))
    await look()
    await market.checkpoint(Chain.OPBNB, number=100, finalized=60)
    await look()

    ours = "0x" + transaction_hash(60, 0).hex()
    assert [(each["status"], each["transactionHash"], each["attempts"]) for each in seen] == [
        ("WAITING", None, 0),
        ("SIGNED", "0x" + b"first".hex(), 1),
        ("SENT", ours, 2),
        ("MINED", ours, 2),
        ("FINAL", ours, 2),
    ]
    assert [each["nonce"] for each in seen] == [None, 7, 7, 7, 7]
    assert [each["finalAt"] for each in seen] == [None, None, None, None, shown(60)]


async def test_a_credit_that_failed_and_one_that_was_there_before(api: Client, market: Market) -> None:
    await market.commit(created(1, 10, payment=1), created(2, 11, payment=1))
    await intend(market)
    await market.sign(1, 7, b"first", moment(41), sent_at=moment(41), freed_at=moment(50), failure="reverted")
    await intend(market, adopted=True, number=2)
    failed, adopted = await ask(api, CREDIT), await ask(api, CREDIT, 2)
    await market.execute("update credits set blocked_reason = 'not this one', blocked_at = %s", moment(50))
    blocked = await ask(api, CREDIT)
    await market.sign(1, 8, b"second", moment(51))

    assert [each["credit"]["status"] for each in (failed, adopted, blocked)] == ["REVERTED", "ADOPTED", "BLOCKED"]
    assert (await ask(api, CREDIT))["credit"].items() >= {"status": "SIGNED", "nonce": 8, "attempts": 2}.items()


async def whole_life(market: Market) -> None:
    """Let a job go all the way."""
    await market.commit(created(1, 10, payment=1))
    spec = {"docker_image": "secret", "submitted_at": moment(15)}
    await market.note("job_specs", 1, renter=somebody("renter"), **spec)
    await market.note("job_specs", 1, renter=somebody("stranger"), **spec)
    await send(market, 1, moment(20))
    await send(market, 2, None)
    await say(market, "processing", moment(25))
    await say(market, "completed", moment(30))
    await market.commit(confirmed(1, 35))
    await intend(market)
    await market.sign(1, 7, transaction_hash(45, 0), moment(41), sent_at=moment(42))
    await market.commit(credited("provider", 45, 1), claimed(1, 50, amount=1))
    await market.checkpoint(Chain.BSC, number=50, finalized=40)
    await market.checkpoint(Chain.OPBNB, number=50, finalized=44)


async def test_the_timeline_of_a_job(api: Client, market: Market) -> None:
    """Both chains and what happened off chain, oldest first; nothing of what only some may read."""
    await whole_life(market)

    steps = (await ask(api, TIMELINE))["timeline"]

    assert [(step["kind"], step["at"], step["detail"]) for step in steps] == [
        ("created", shown(10), None),
        ("spec", shown(15), None),
        ("dispatched", shown(20), "attempt 1"),
        ("processing", shown(25), None),
        ("completed", shown(30), None),
        ("confirmed", shown(35), None),
        ("credit signed", shown(41), "nonce 7"),
        ("credit sent", shown(42), "nonce 7"),
        ("credit mined", shown(45), "nonce 7"),
        ("claimed", shown(50), None),
    ]
    on_chain = {step["kind"]: step["source"] for step in steps if step["source"]}
    assert {kind: (each["block"]["chain"], each["block"]["final"]) for kind, each in on_chain.items()} == {
        "created": ("BSC", True),
        "confirmed": ("BSC", True),
        "credit mined": ("OPBNB", False),
        "claimed": ("BSC", False),
    }
    assert on_chain["created"] == {
        "block": {"chain": "BSC", "number": 10, "hash": "0x" + block_hash(10).hex(), "final": True},
        "transactionHash": "0x" + transaction_hash(10, 0).hex(),
        "logIndex": 0,
    }


async def test_what_went_wrong_is_in_the_timeline(api: Client, market: Market) -> None:
    """Why a job failed is told as the job tells it; a credit that failed, with its cause."""
    await market.commit(created(1, 10, payment=1))
    await send(market, 1, moment(20))
    await say(market, "failed", moment(30))
    await intend(market, adopted=True)
    await market.sign(1, 7, b"first", moment(50), freed_at=moment(60), failure="reverted: not the owner")

    steps = (await ask(api, "timeline { kind detail }"))["timeline"]

    assert [(step["kind"], step["detail"]) for step in steps[2:]] == [
        ("failed", "message failed"),
        ("credit adopted", None),
        ("credit signed", "nonce 7"),
        ("credit failed", "nonce 7 reverted: not the owner"),
    ]


async def test_the_beginning_of_a_timeline(api: Client, market: Market) -> None:
    await whole_life(market)

    assert [step["kind"] for step in (await ask(api, "timeline(first: 2) { kind }"))["timeline"]] == ["created", "spec"]
    error = await api.refusal("{ jobs(first: 1) { nodes { timeline(first: 501) { kind } } } }")
    assert error["message"] == "first must be at most 500, not 501"


async def test_why_a_job_stands_where_it_stands(api: Client, market: Market) -> None:
    """From its creation to its end, as the facts come in."""
    await market.checkpoint(Chain.BSC, number=50, finalized=9)
    await market.checkpoint(Chain.OPBNB, number=50, finalized=50)
    reasons = []

    async def look() -> None:
        reasons.append((await ask(api, "reason"))["reason"])

    await market.commit(created(1, 10, payment=1), registered("provider", 5), beat("provider", 6))
    await look()
    await market.note("job_specs", 1, renter=somebody("renter"), docker_image="a", submitted_at=moment(1))
    await look()
    await market.checkpoint(Chain.BSC, number=50, finalized=50)
    await look()
    await send(market, 1, datetime.now(UTC))
    await look()
    await market.commit(beat("provider", 7), online_since=moment(8))
    await look()
    await say(market, "completed", moment(30))
    await look()
    await market.commit(confirmed(1, 35))
    await look()
    await market.commit(claimed(1, 36, amount=1))
    await look()
    await intend(market)
    await market.sign(1, 7, transaction_hash(45, 0), moment(41), sent_at=moment(42))
    await look()
    await market.commit(credited("provider", 45, 1))
    await look()

    assert [reason and reason.split(":")[0] for reason in reasons] == [
        "waiting for its spec",
        "waiting for finality",
        "waiting to be sent to the provider's agent",
        "waiting for the agent",
        "provider offline since 2026-01-01 00",
        "done, says the agent",
        "confirmed",
        "paid",
        "paid",
        None,
    ]


@pytest.mark.parametrize(("provider", "words"), [(None, "assigned to nobody"), ("nowhere", "waiting for its spec")])
async def test_a_job_of_nobody_has_a_reason_too(api: Client, market: Market, provider: str | None, words: str) -> None:
    await market.commit(created(1, 10, provider=provider, payment=1))

    assert (await ask(api, f"reason {DISPATCH} {TIMELINE}"))["reason"].startswith(words)


async def test_ids_of_jobs_are_not_mixed_up(api: Client, market: Market) -> None:
    """In a list each job has its own dispatch, credit and timeline."""
    await market.commit(*(created(number, number, payment=1, provider=f"p{number}") for number in (1, 2, 3)))
    await send(market, 1, moment(20), number=2, provider=somebody("p2"))
    await market.note("credits", 3, provider=somebody("p3"), decided_at=moment(30), adopted=True)

    nodes = (await api.ask("{ jobs { nodes { jobId dispatch { attempts } credit { status } timeline { kind } } } }"))[
        "jobs"
    ]["nodes"]

    assert [(node["dispatch"], node["credit"]) for node in nodes] == [
        (None, {"status": "ADOPTED"}),
        ({"attempts": 1}, None),
        (None, None),
    ]
    assert [[step["kind"] for step in node["timeline"]] for node in nodes] == [
        ["created", "credit adopted"],
        ["created", "dispatched"],
        ["created"],
    ]
    assert [node["jobId"] for node in nodes] == ["0x" + job_id(number).hex() for number in (3, 2, 1)]
