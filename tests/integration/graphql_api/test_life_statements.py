"""What the life of many jobs costs: as many statements as for one, whoever asks."""

from datetime import timedelta

from graphql import GraphQLNamedType, GraphQLObjectType, get_named_type, is_leaf_type, is_required_argument

from graphql_api.program import open_world
from graphql_api.reading import World
from graphql_api.schema import build
from models.values import Chain
from runtime.settings import AccountSettings, ApiSettings
from tests.integration.graphql_api.counting import statements
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


async def cost(world: World, query: str, name: str | None) -> int:
    """Return the number of statements that the answer takes somebody, or nobody."""
    token = None
    if name is not None:
        token = (await world.accounts.open_session(somebody(name), timedelta(hours=1))).token
    return await statements(world, query, token=token)


async def test_the_number_of_statements_does_not_depend_on_the_number_of_jobs(schema_url: str, market: Market) -> None:
    """For an admin, who reads all specs, for a renter, and for nobody."""
    await market.checkpoint(Chain.BSC, number=100)
    await market.checkpoint(Chain.OPBNB, number=100)
    async with open_world(ApiSettings(), database_url=schema_url, accounts=ACCOUNTS) as world:
        await commit(market, 1, 1)
        for_one = [await cost(world, LIFE, name) for name in ("admin", "renter", None)]
        await commit(market, 2, 60)
        for_many = [await cost(world, LIFE, name) for name in ("admin", "renter", None)]

    assert for_one == for_many
    assert max(for_many) <= 14


def every_field(of: GraphQLNamedType, above: tuple[str, ...] = ()) -> str:
    """Return a selection of all fields of a type that can be asked for without arguments, and of theirs."""
    if is_leaf_type(of) or not isinstance(of, GraphQLObjectType):
        return ""
    chosen = []
    for name, entry in of.fields.items():
        inner = get_named_type(entry.type)
        if inner.name in above or any(map(is_required_argument, entry.args.values())):
            continue
        selection = every_field(inner, (*above, of.name))
        if selection or is_leaf_type(inner):
            chosen.append(f"{name} {selection}")
    return "{ " + " ".join(chosen) + " }" if chosen else ""


async def test_no_field_asks_once_a_row(schema_url: str, market: Market) -> None:
    """Every field of jobs, providers and what hangs on them, those too that are added after this was written."""
    types = build()._schema.type_map
    lists = [
        f"{{ {name} {{ nodes {every_field(types[item])} }} }}"
        for name, item in (("jobs", "Job"), ("providers", "Provider"))
    ]
    await market.checkpoint(Chain.BSC, number=100)
    await market.checkpoint(Chain.OPBNB, number=100)
    async with open_world(ApiSettings(), database_url=schema_url, accounts=ACCOUNTS) as world:
        await commit(market, 1, 1)
        for_one = [await cost(world, each, "admin") for each in lists]
        await commit(market, 2, 30)
        for_many = [await cost(world, each, "admin") for each in lists]

    assert for_one == for_many
    assert all("uptimeHistory" in each and "timeline" in each for each in lists)
