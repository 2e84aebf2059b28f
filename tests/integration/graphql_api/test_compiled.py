"""Random queries have one answer: from plans, from the general executor, and from a slow reference."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.types import Message

from graphql_api.answering import AnsweringSchema
from graphql_api.app import create_app
from graphql_api.compiled.door import CompiledDoor
from graphql_api.program import open_world
from graphql_api.schema import build
from models.values import Chain
from runtime.embedded_postgres import EmbeddedPostgres
from runtime.settings import AccountSettings, ApiSettings
from tests.integration.graphql_api.conftest import copied
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
    somebody,
    transaction_hash,
)
from tests.integration.graphql_api.random_queries import Query, Vocabulary, queries
from tests.integration.graphql_api.slow_reference import ORDERS, Reference
from tests.integration.graphql_api.stock import five_providers, seven_jobs

SAMPLE, MANY = 60, 5_000
PEOPLE = ("anna", "ben", "renter", "p", "q", "provider", "a", "b", "c", "d", "e", "nobody")
WEI = st.sampled_from(["0", "1", "2", "6", "7", str(2**256 - 1)])
TIMES = st.integers(0, 30).map(lambda block: moment(block).isoformat())
ADDRESSES = st.sampled_from([address(name) for name in PEOPLE]).flatmap(lambda it: st.sampled_from([it, it.lower()]))
JOBS = st.integers(1, 10).map(job_hex)
SCALARS = {
    "Address": ADDRESSES,
    "Bytes32": JOBS,
    "Wei": WEI,
    "DateTime": TIMES,
    "Boolean": st.booleans(),
    "String": st.sampled_from(["RTX 4090", "A100", 'a "quoted" \\ model\n', ""]),
    "Int": st.sampled_from([0, 1, 3, 24564, 81920, 2**31 - 1]),
    "first": st.sampled_from([0, 1, 2, 3, 5, 50, 500]),
    "last": st.sampled_from([0, 1, 2, 3, 5, 50, 500]),
}
GARBAGE = ["", "garbage", "WyJDUkVBVEVEIERFU0MiLDFd", "WyJDUkVBVEVEIERFU0MiLDEyMzQ1Njc4OTAxMjM0NTY3ODkwLDBd"]

# What only some may read, what is of this moment, and what is of other parts of the API.
ELSEWHERE = {
    "Query.node", "Query.me", "Query.chains", "Query.matches", "Query.jobStats", "Query.providerStats", "Query.search",
    "Query.activity", "Query.reindexes", "Job.spec", "Job.outputUrl", "Job.reason", "Job.timeline", "Provider.uptime",
    "Provider.uptimeHistory", "asOf", "notBefore",
}  # fmt: skip
BEYOND_REFERENCE = frozenset({*ELSEWHERE, "Job.credit"})


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """The API twice over one database, in front of plans and behind them, and the reference."""

    app: Any
    door: CompiledDoor
    schema: AnsweringSchema
    reference: Reference

    async def ask(self, query: Query, accept: str = "*/*") -> tuple[Any, Any]:
        """Return the answer of the door, and the one of the general executor."""
        body = json.dumps({"query": query.text, "variables": query.variables}).encode()
        return await post(self.app, self.door, body, accept), await post(self.app, self.door.general, body, accept)

    def vocabulary(self, *, avoided: frozenset[str], wild: bool) -> Vocabulary:
        """Return what to speak of in this house."""
        tables = {"JobConnection": ("jobs", list(ORDERS)[:3]), "ProviderConnection": ("providers", list(ORDERS)[3:])}
        cursors = {
            (kind, f"{order} {direction}"): self.reference.cursors(table, f"{order} {direction}")
            for kind, (table, orders) in tables.items()
            for order in orders
            for direction in ("ASC", "DESC")
        }
        everywhere = st.sampled_from([*GARBAGE, *(each[0] for each in cursors.values())])
        excessive = st.sampled_from([None, None, None, -1, 1, 2, 501])
        wildly = {"first": excessive, "last": excessive, "after": everywhere, "before": everywhere}
        # A place is chosen when the order is known.
        tamely = {"after": st.just(""), "before": st.just("")}
        values = {**SCALARS, **(wildly if wild else tamely)}
        return Vocabulary(values=values, cursors=cursors, avoided=avoided, wild=wild)


async def post(app: Any, asked: Any, body: bytes, accept: str = "*/*") -> Any:
    """Return status, headers that tell of the body, and body of what an application answers."""
    headers = [
        (b"content-type", b"application/json"),
        (b"host", b"localhost"),
        (b"content-length", b"%d" % len(body)),
        (b"accept", accept.encode()),
    ]
    scope = {
        "type": "http", "method": "POST", "path": "/graphql", "raw_path": b"/graphql", "root_path": "",
        "scheme": "http", "query_string": b"", "headers": headers, "app": app, "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }  # fmt: skip
    sent: list[Any] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body}

    async def send(message: Message) -> None:
        sent.append(message)

    await asked(scope, receive, send)
    start, *bodies = sent
    told = dict(start["headers"])
    text = b"".join(each.get("body", b"") for each in bodies)
    return start["status"], told.get(b"content-type"), told.get(b"vary"), json.loads(text)


async def crowd(market: Market) -> None:
    """Let everything happen that plans write: dispatches, reports, credits, and what happened in part of a second."""
    await market.checkpoint(Chain.BSC, number=100, finalized=12)
    await market.checkpoint(Chain.OPBNB, number=100, finalized=31)
    odd = registered("p", 9, gpu_model='a "quoted" \\ model\n\u00e9\u2028', vram=2**40)
    await market.commit(*seven_jobs(), *five_providers(), odd, beat("q", 9), created(8, 15, payment=2**256 - 1))
    await market.commit(created(9, 16, payment=0, provider="q"), confirmed(9, 17))
    finely = moment(40) + timedelta(microseconds=120)
    sent = [
        (3, 1, "p", finely),
        (3, 2, "p", moment(41)),
        (4, 1, "p", None),
        (5, 1, "p", finely),
        (7, 1, "q", moment(42)),
    ]
    for number, attempt, name, at in [*sent, (9, 1, "q", datetime.now(UTC) + timedelta(days=1))]:
        row = {"provider": somebody(name), "token": "t", "decided_at": moment(40), "published_at": at}
        await market.note("dispatches", number, attempt=attempt, **row)
    report = {"provider": somebody("q"), "attempt": 1, "status": "failed", "message": 'out of "memory"\n'}
    await market.note("agent_reports", 7, received_at=finely, **report)
    for number, job in ((1, 7), (1, 5), (2, 5), (0, 3)):
        await market.note("retries", job, number=number, asked_at=moment(43))
    again = {"provider": somebody("q"), "token": "t", "decided_at": moment(43), "published_at": moment(44)}
    await market.note("dispatches", 7, attempt=2, retry=1, **again)
    for number, adopted in ((3, False), (5, False), (4, True), (7, False), (1, False)):
        row = {"provider": somebody("q"), "decided_at": moment(40), "adopted": adopted}
        await market.note("credits", number, **row)
    await market.sign(3, 7, b"first", moment(41), sent_at=moment(41), freed_at=moment(50), failure="reverted")
    await market.sign(5, 8, transaction_hash(60, 0), moment(43), sent_at=moment(44))
    await market.sign(7, 9, transaction_hash(31, 5), moment(43))
    await market.commit(credited("q", 60, 1), credited("q", 31, 2, log_index=5))


@pytest.fixture(scope="session")
async def house(postgres: EmbeddedPostgres, template: str) -> AsyncIterator[House]:
    """The house over a database that nobody changes any more."""
    async with copied(postgres, template) as url:
        await crowd(Market(url))
        async with open_world(ApiSettings(), database_url=url, accounts=AccountSettings()) as world:
            app = create_app(world)
            schema = build()
            reference = await Reference.of(schema._schema, url)
            yield House(app=app, door=app.state.compiled, schema=schema, reference=reference)


def examples(count: int) -> settings:
    """Return how a fuzzer is run: on one database for all examples, and by no clock."""
    unhurried = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large]
    return settings(max_examples=count, deadline=None, suppress_health_check=unhurried, database=None)


async def plans_agree(house: House, data: st.DataObject) -> None:
    """Ask a random query both ways; a tame one must be one that plans answer."""
    wild = data.draw(st.integers(0, 4)) == 0
    vocabulary = house.vocabulary(avoided=frozenset(ELSEWHERE), wild=wild)
    query = data.draw(queries(house.schema._schema, vocabulary))
    answered = house.door.counts.answered

    compiled, general = await house.ask(query)

    assert general == compiled
    assert wild or "errors" in general[-1] or house.door.counts.answered == answered + 1


async def python_agrees(house: House, data: st.DataObject) -> None:
    """Ask the general executor a random query that plain Python can answer, too."""
    query = data.draw(queries(house.schema._schema, house.vocabulary(avoided=BEYOND_REFERENCE, wild=False)))

    _, (*_, general) = await house.ask(query)

    assert "errors" in general or house.reference.answer(query.text, query.variables) == general["data"]


@examples(SAMPLE)
@given(data=st.data())
async def test_a_plan_answers_as_the_general_executor_does(house: House, data: st.DataObject) -> None:
    """Data, nulls and errors, of queries that ask for pages there are and for pages there are not."""
    await plans_agree(house, data)


@examples(SAMPLE // 2)
@given(data=st.data())
async def test_the_general_executor_answers_as_plain_python_does(house: House, data: st.DataObject) -> None:
    """Filters, orders, pages and cursors are what they are by lists that are sorted and cut."""
    await python_agrees(house, data)


@pytest.mark.parametrize("accept", ["application/json", "application/graphql-response+json, application/json;q=0.9"])
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{ jobs(first: 2) { nodes { jobId } } }", None),
        ("{ __typename }", None),
        ("{ jobs { __typename } }", None),
        ("{ jobs { pageInfo { __typename } } }", None),
        ("{ providers(first: 500) { nodes { jobs(first: 500) { nodes { id } } } } }", "declined"),
        ("{ jobs(first: 501) { nodes { id } } }", "invalid values"),
        ("{ jobs(notBefore: { chain: BSC, block: 100 }) { totalCount } }", "Query.jobs(notBefore)"),
        (f'{{ job(jobId: "{job_hex(3)}", asOf: {{ chain: BSC, block: 16 }}) {{ status }} }}', "Query.job(asOf)"),
        (f"{{ {' '.join(f'a{each}: __typename' for each in range(101))} }}", "invalid"),
    ],
)
async def test_who_answers_cannot_be_told_from_the_answer(
    house: House, text: str, reason: str | None, accept: str
) -> None:
    """Nor from its status and media type: limits are the same, and so is where it stands."""
    before = house.door.counts

    compiled, general = await house.ask(Query(text=text), accept)

    passed_on = {**before.passed_on, **({} if reason is None else {reason: before.passed_on.get(reason, 0) + 1})}
    assert general == compiled
    assert (before.answered + (reason is None), passed_on) == (house.door.counts.answered, house.door.counts.passed_on)


@pytest.mark.long
@examples(MANY)
@given(data=st.data())
async def test_plans_answer_many_queries_as_the_general_executor_does(house: House, data: st.DataObject) -> None:
    """The same, of thousands."""
    await plans_agree(house, data)


@pytest.mark.long
@examples(MANY)
@given(data=st.data())
async def test_the_general_executor_answers_many_queries_as_plain_python_does(
    house: House, data: st.DataObject
) -> None:
    """The same, of thousands."""
    await python_agrees(house, data)
