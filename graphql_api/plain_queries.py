"""Lists by limit and offset, as older clients ask for them."""

from psycopg import sql

from graphql_api.orders import Order, job_order, provider_order
from graphql_api.page_queries import Parameters, all_of, columns, conditions, ordering
from graphql_api.pages import Page
from graphql_api.questions import Question
from graphql_api.rows import JobRow, ProviderRow
from graphql_api.snapshot import Row, Snapshot


async def providers(snapshot: Snapshot, question: Question) -> list[ProviderRow]:
    """Return the providers asked for, best reputation first."""
    return await _list(snapshot, question, "providers", provider_order(), ProviderRow)


async def jobs(snapshot: Snapshot, question: Question) -> list[JobRow]:
    """Return the jobs asked for, newest first."""
    return await _list(snapshot, question, "jobs", job_order(), JobRow)


async def _list(snapshot: Snapshot, question: Question, table: str, order: Order, row: type[Row]) -> list[Row]:
    parameters = Parameters()
    query = sql.SQL("select {} from {} it where {} order by {} limit {} offset {}").format(
        columns(row),
        sql.Identifier(table),
        all_of(conditions(question.criteria, parameters)),
        ordering(Page(order=order)),
        parameters.add(question.limit),
        parameters.add(question.offset),
    )
    return await snapshot.fetch(query, parameters.values, row)
