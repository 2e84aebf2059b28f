"""What the life of many jobs costs: as many statements as for one, whoever asks."""

from dataclasses import replace
from datetime import timedelta

from graphql_api.limits import DEFAULTS
from graphql_api.program import open_world
from graphql_api.reading import Reading, World
from graphql_api.schema import build
from graphql_api.visits import Visit
from models.values import Chain
from runtime.settings import AccountSettings, ApiSettings
from tests.integration.graphql_api.market import Market, beat, confirmed, created, moment, somebody

LIFE = """{ jobs(first: 500) { nodes {
    reason outputUrl spec { dockerImage } dispatch { stalled } credit { status finalAt }
    timeline(first: 20) { kind source { block { final } } } provider { jobs(first: 3) { nodes { reason } } }
} } }"""
ACCOUNTS = AccountSettings(admin_addresses=frozenset([somebody("admin")]))


async def commit(market: Market, first: int, last: int) -> None:
    """Add jobs of all sorts: confirmed or not, with a spec, a dispatch, a credit, or nobody's."""
    for number in range(first, last + 1):
        name = None if number % 5 == 0 else f"provider {number % 7}"
        facts = [created(number, number, provider=name, payment=1), beat(f"provider {number % 7}", number, log_index=1)]
        await market.commit(*facts, *([confirmed(number, number, log_index=2)] if number % 2 else []))
        spec = {"renter": somebody("renter"), "docker_image": "a", "submitted_at": moment(number)}
        await market.note("job_specs", number, **spec)
        if name and number % 2:
            sent = {"decided_at": moment(1), "published_at": moment(1)}
            await market.note("dispatches", number, attempt=1, provider=somebody(name), token="t", **sent)
            await market.note("credits", number, provider=somebody(name), decided_at=moment(1), adopted=False)


async def statements(world: World, name: str | None) -> int:
    """Return the number of statements that the answer takes somebody, or nobody."""
    token = None
    if name is not None:
        token = (await world.accounts.open_session(somebody(name), timedelta(hours=1))).token
    counted: list[Reading] = []

    class Counted(Reading):
        def __init__(self, world: World, token: str | None = None) -> None:
            super().__init__(world, token)
            counted.append(self)

    # Everything of 500 jobs is more than anybody may ask for at once.
    schema = build(replace(DEFAULTS, cost=100_000))
    schema.reading = Counted
    visit = Visit(world=world, authorization=None if token is None else f"Bearer {token}")
    result = await schema.execute(LIFE, context_value=visit)
    assert result.errors is None
    return counted[0].snapshot.statements


async def test_the_number_of_statements_does_not_depend_on_the_number_of_jobs(schema_url: str, market: Market) -> None:
    """For an admin, who reads all specs, for a renter, and for nobody."""
    await market.checkpoint(Chain.BSC, number=100)
    await market.checkpoint(Chain.OPBNB, number=100)
    async with open_world(ApiSettings(), database_url=schema_url, accounts=ACCOUNTS) as world:
        await commit(market, 1, 1)
        for_one = [await statements(world, name) for name in ("admin", "renter", None)]
        await commit(market, 2, 60)
        for_many = [await statements(world, name) for name in ("admin", "renter", None)]

    assert for_one == for_many
    assert max(for_many) <= 14
