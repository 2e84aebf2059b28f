"""Every question about providers."""

from collections.abc import Mapping, Sequence

from psycopg import sql

from graphql_api.as_of import NOW, AsOf
from graphql_api.criteria import Criteria
from graphql_api.page_queries import COUNT_MAX, Parameters, all_of, columns, conditions, select_page
from graphql_api.pages import Page
from graphql_api.past_queries import facts_as_of, through
from graphql_api.rows import CountRow, EarningRow, GpuModelRow, ProviderRow, ProviderTotalsRow
from graphql_api.snapshot import Snapshot
from models.values import checksum_address, parse_address

GPU_MODELS_MAX = 100
"""Anybody can register any name on chain, so a list of names must end somewhere."""

ADVICE = (
    "ask for less, or in an order that has an index: any without a filter, LAST_SEEN with isOnline, REPUTATION with "
    "gpuModel, VRAM with minVramMib"
)

_COLUMNS = columns(ProviderRow)


async def providers_by_address(snapshot: Snapshot, addresses: Sequence[str]) -> Mapping[str, ProviderRow]:
    """Return the providers of these EIP-55 addresses that are known."""
    query = sql.SQL("select {} from providers it where it.wallet_address = any(%(addresses)s)").format(_COLUMNS)
    rows = await snapshot.fetch(query, {"addresses": list(addresses)}, ProviderRow)
    return {row.wallet_address: row for row in rows}


async def providers_page(snapshot: Snapshot, criteria: Criteria, page: Page) -> list[ProviderRow]:
    """Return the rows of a page and one more. Uses the index of its filter and order: docs/lists.md."""
    parameters = Parameters()
    query = sql.SQL("select {} from providers it where {} order by {} limit {}").format(
        _COLUMNS, *select_page(criteria, page, parameters), parameters.add(page.size + 1)
    )
    return await snapshot.fetch(query, parameters.values, ProviderRow, advice=ADVICE)


async def count_providers(snapshot: Snapshot, criteria: Criteria) -> int:
    """Return the number of providers that meet the criteria; one more than `COUNT_MAX` stands for any larger."""
    parameters = Parameters()
    query = sql.SQL(
        "select null as owner, count(*) as count from (select from providers it where {} limit {}) counted"
    ).format(all_of(conditions(criteria, parameters)), parameters.add(COUNT_MAX + 1))
    return (await snapshot.fetch(query, parameters.values, CountRow, advice=ADVICE))[0].count


async def earnings(snapshot: Snapshot, addresses: Sequence[str], as_of: AsOf = NOW) -> Mapping[str, int]:
    """Return what each provider took, in wei; who took nothing is missing. Uses payment_claimed_by_provider."""
    query = sql.SQL(
        "{} select provider, sum(amount) as amount from payment_claimed where provider = any(%(providers)s) group by 1"
    ).format(facts_as_of(as_of, "payment_claimed"))
    parameters = {"providers": [parse_address(address) for address in addresses], **through(as_of)}
    rows = await snapshot.fetch(query, parameters, EarningRow)
    return {checksum_address(row.provider): int(row.amount) for row in rows}


async def provider_totals(snapshot: Snapshot) -> ProviderTotalsRow:
    """Return all providers in numbers."""
    query = sql.SQL(
        """
        select
            count(*) as total,
            count(*) filter (where is_online) as online,
            coalesce(sum(vram), 0) as vram,
            coalesce(sum(vram) filter (where is_online), 0) as vram_online,
            coalesce(avg(reputation_score), 0)::float8 as reputation,
            coalesce(sum(total_jobs_completed), 0) as jobs_completed
        from providers
        """
    )
    return (await snapshot.fetch(query, {}, ProviderTotalsRow))[0]


async def gpu_models(snapshot: Snapshot) -> list[GpuModelRow]:
    """Return the GPU models that most providers have, in numbers."""
    query = sql.SQL(
        """
        select gpu_model, count(*) as total, count(*) filter (where is_online) as online, sum(vram) as vram
        from providers group by gpu_model order by total desc, gpu_model limit %(limit)s
        """
    )
    return await snapshot.fetch(query, {"limit": GPU_MODELS_MAX}, GpuModelRow)
