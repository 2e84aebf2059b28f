"""
Every question about jobs.

A page of one list and the pages of many providers are the same statement, once plain and once lateral; so the
number of statements never depends on the number of rows.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from psycopg import sql

from graphql_api.as_of import NOW, AsOf
from graphql_api.criteria import Criteria
from graphql_api.orders import JobOrderField
from graphql_api.page_queries import (
    COUNT_MAX,
    Parameters,
    Stretch,
    all_of,
    between,
    columns,
    conditions,
    ordering,
    select_page,
)
from graphql_api.pages import Page
from graphql_api.past_queries import jobs_as_of, through
from graphql_api.rows import CountRow, JobRow, JobTotalsRow
from graphql_api.snapshot import Snapshot

_COLUMNS = columns(JobRow)

ADVICE = (
    "ask for less, or in an order that has an index: CREATED, with a status, renter, provider or escrow in the filter, "
    "or with createdAfter and createdBefore"
)

OWNED = sql.SQL("it.provider = owner.address")
"""The condition of jobs that a provider owns, whose `address` is in the relation `owner`."""

OF_OWNER = Stretch(column=sql.SQL("it.provider"), value=sql.SQL("owner.address"))


async def jobs_by_id(snapshot: Snapshot, job_ids: Sequence[bytes], as_of: AsOf = NOW) -> Mapping[bytes, JobRow]:
    """Return the jobs of these ids that exist."""
    query = sql.SQL("select {} from {} it where it.job_id = any(%(ids)s)").format(_COLUMNS, jobs_as_of(as_of))
    rows = await snapshot.fetch(query, {"ids": list(job_ids), **through(as_of)}, JobRow)
    return {row.job_id: row for row in rows}


async def jobs_page(snapshot: Snapshot, criteria: Criteria, page: Page) -> list[JobRow]:
    """Return the rows of a page and one more. Uses the index of its filter and order: docs/lists.md."""
    parameters = Parameters()
    query = sql.SQL("select {} from jobs it where {} order by {} limit {}").format(
        _COLUMNS, *select_page(criteria, page, parameters), parameters.add(page.size + 1)
    )
    return await snapshot.fetch(query, parameters.values, JobRow, advice=ADVICE)


async def jobs_pages(
    snapshot: Snapshot, providers: Sequence[str], criteria: Criteria, page: Page, as_of: AsOf = NOW
) -> Mapping[str, list[JobRow]]:
    """Return the same page of the jobs of each provider. Uses jobs_by_provider."""
    parameters = Parameters({**through(as_of)})
    owners = parameters.add(list(providers))
    where, order = select_owned(criteria, page, parameters)
    query = sql.SQL(
        """
        select it.* from unnest({}::text[]) as owner (address) cross join lateral (
            select {} from {} it where {} order by {} limit {}
        ) it
        order by it.provider, {}
        """
    ).format(
        owners,
        _COLUMNS,
        jobs_as_of(as_of),
        where,
        order,
        parameters.add(page.size + 1),
        ordering(page),
    )
    pages = defaultdict(list)
    for row in await snapshot.fetch(query, parameters.values, JobRow, advice=ADVICE):
        pages[str(row.provider)].append(row)
    return pages


def select_owned(criteria: Criteria, page: Page, parameters: Parameters) -> tuple[sql.Composed, sql.Composed]:
    """Return what `select_page` does, for the jobs of one provider."""
    stretch = OF_OWNER if page.order.name == JobOrderField.CREATED else None
    # Of another order no index begins with the provider: all its jobs are read and sorted.
    owned = [] if stretch else [OWNED]
    where = all_of([*owned, *conditions(criteria, parameters), *between(page, parameters, stretch)])
    return where, ordering(page, stretch)


async def count_jobs(snapshot: Snapshot, criteria: Criteria) -> int:
    """Return the number of jobs that meet the criteria; one more than `COUNT_MAX` stands for any larger."""
    parameters = Parameters()
    query = sql.SQL(
        "select null as owner, count(*) as count from (select from jobs it where {} limit {}) counted"
    ).format(all_of(conditions(criteria, parameters)), parameters.add(COUNT_MAX + 1))
    return (await snapshot.fetch(query, parameters.values, CountRow, advice=ADVICE))[0].count


async def count_jobs_of(
    snapshot: Snapshot, providers: Sequence[str], criteria: Criteria, as_of: AsOf = NOW
) -> Mapping[str, int]:
    """Return the same for the jobs of each provider."""
    parameters = Parameters({**through(as_of)})
    query = sql.SQL(
        """
        select owner.address as owner, counted.count from unnest({}::text[]) as owner (address) cross join lateral (
            select count(*) as count from (
                select from {} it where {} limit {}
            ) jobs
        ) counted
        """
    ).format(
        parameters.add(list(providers)),
        jobs_as_of(as_of),
        all_of([OWNED, *conditions(criteria, parameters)]),
        parameters.add(COUNT_MAX + 1),
    )
    rows = await snapshot.fetch(query, parameters.values, CountRow, advice=ADVICE)
    return {str(row.owner): row.count for row in rows}


async def job_totals(snapshot: Snapshot) -> list[JobTotalsRow]:
    """Return all jobs in numbers, by status and state of payment."""
    query = sql.SQL("select status, escrow, count(*) as count, sum(payment) as payment from jobs group by 1, 2")
    return await snapshot.fetch(query, {}, JobTotalsRow)
