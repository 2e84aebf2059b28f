"""
Lists by the rules of Relay, as one text: what `graphql_api.pages` and `schema.connection` say, said in SQL.

One row more than asked is fetched where somebody asks what lies around the page. Rows are numbered (`n`) in the
direction of the count, and `total` is how many were fetched.
"""

from dataclasses import dataclass

from graphql_api.compiled.asking import Many, looks_around, reads_rows
from graphql_api.compiled.json_text import Expression, Literal, Parts, concatenated, members, nullable, quoted
from graphql_api.compiled.selections import Selected
from graphql_api.compiled.statement import Numbered, Statement, typename
from graphql_api.job_queries import OWNED, select_owned
from graphql_api.orders import Key, Kind, Order
from graphql_api.page_queries import COUNT_MAX, all_of, conditions, select_page

PARTS = {
    "Connection": {"nodes", "edges", "pageInfo", "totalCount"},
    "Edge": {"node", "cursor"},
    "PageInfo": {"hasNextPage", "hasPreviousPage", "startCursor", "endCursor"},
}
"""What can be selected of a list."""


@dataclass(frozen=True, slots=True)
class _List:
    """A page of a table's rows, or of those alone that the owner has."""

    table: str
    is_owned: bool
    asked: Many
    number: int
    is_peeked: bool

    @property
    def size(self) -> int:
        return self.asked.page.size

    def every(self) -> str:
        """Return the condition of all rows, wherever the page is."""
        owned = [OWNED] if self.is_owned else []
        return all_of([*owned, *conditions(self.asked.criteria, Numbered(self.number))]).as_string(None)

    def rows(self) -> str:
        """Return the statement of the page's rows, in the direction of the count."""
        select = select_owned if self.is_owned else select_page
        where, order = select(self.asked.criteria, self.asked.page, Numbered(self.number))
        # The limit is part of the text: a plan for any limit would be one for a tenth of the table.
        rows = (
            f"select it.* from {self.table} it where {where.as_string(None)} "
            f"order by {order.as_string(None)} limit {self.size + self.is_peeked}"
        )
        if not (self.is_peeked or self.asked.page.backwards):
            return rows
        return f"select it.*, row_number() over () as n, count(*) over () as total from ({rows}) it"

    def array(self, item: Parts) -> Parts:
        """Return the array of all rows' items, in the list's order."""
        order = " order by it.n desc" if self.asked.page.backwards else ""
        within = f" filter (where it.n <= {self.size})" if self.is_peeked else ""
        gathered = f"string_agg({concatenated(item)}, ','{order}){within}"
        return [Literal("["), Expression(f"coalesce({gathered}, '')"), Literal("]")]

    def cursor_at(self, place: str) -> Parts:
        """Return the cursor of the row of a number, null where there is none."""
        found = f"max({cursor(self.asked.page.order)}) filter (where it.n = {place})"
        return nullable(quoted(found))


def write_list(statement: Statement, field: Selected, table: str, *, is_owned: bool = False) -> Parts:
    """Return a connection over a table, or over the jobs of the `address` of an `owner`."""
    asked, number = statement.of(field)
    assert isinstance(asked, Many), "a connection asks for a page"
    around = looks_around(field, asked.page)
    listed = _List(table=table, is_owned=is_owned, asked=asked, number=number, is_peeked=around)
    parts = members((part.key, _part(statement, listed, part)) for part in field.parts)
    if not reads_rows(field, asked.page):
        return parts
    return [Expression(f"(select {concatenated(parts)} from ({listed.rows()}) it)")]


def cursor(order: Order) -> str:
    """Return SQL for the cursor of a row: what `graphql_api.cursors.show` says."""
    keys = " || ',' || ".join(_key(key) for key in order.keys)
    text = f"""'["{order}",' || {keys} || ']'"""
    # Neither line feeds nor the two letters that URLs have another use for.
    return f"translate(encode(convert_to({text}, 'UTF8'), 'base64'), E'+/\\n', '-_')"


def _part(statement: Statement, listed: _List, part: Selected) -> Parts:
    match part.name:
        case "nodes":
            return listed.array(statement.object(part.parts))
        case "edges":
            return listed.array(members((each.key, _of_edge(statement, listed, each)) for each in part.parts))
        case "pageInfo":
            return members((each.key, _around(listed, each)) for each in part.parts)
        case "totalCount":
            return [Expression(_count(listed))]
        case _:
            return typename(part)


def _of_edge(statement: Statement, listed: _List, part: Selected) -> Parts:
    match part.name:
        case "node":
            return statement.object(part.parts)
        case "cursor":
            return quoted(cursor(listed.asked.page.order))
        case _:
            return typename(part)


def _around(listed: _List, part: Selected) -> Parts:
    backwards = listed.asked.page.backwards
    nearest, furthest = str(min(1, listed.size)), f"least(it.total, {listed.size})"
    came_from = listed.asked.page.before if backwards else listed.asked.page.after
    behind: Parts = [Literal("false" if came_from is None else "true")]
    ahead: Parts = [Expression(f"(count(*) > {listed.size})::text")]
    match part.name:
        case "hasNextPage":
            return behind if backwards else ahead
        case "hasPreviousPage":
            return ahead if backwards else behind
        case "startCursor":
            return listed.cursor_at(furthest if backwards else nearest)
        case "endCursor":
            return listed.cursor_at(nearest if backwards else furthest)
        case _:
            return typename(part)


def _count(listed: _List) -> str:
    limited = f"select from {listed.table} it where {listed.every()} limit {COUNT_MAX + 1}"
    shown = f"case when count(*) <= {COUNT_MAX} then count(*)::text else 'null' end"
    return f"(select {shown} from ({limited}) counted)"


def _key(key: Key) -> str:
    shown = _SHOWN[key.kind].format(f"it.{key.column}")
    return f"coalesce({shown}, 'null')" if key.nullable else shown


_SHOWN = {
    Kind.BOOLEAN: "{}::text",
    Kind.INTEGER: "{}::text",
    Kind.MOMENT: "(extract(epoch from {}) * 1000000)::bigint::text",
    Kind.BYTES32: "('\"' || encode({}, 'hex') || '\"')",
    Kind.ADDRESS: "('\"' || {} || '\"')",
}
