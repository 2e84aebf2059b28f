"""
Answers computed in plain Python over rows fetched whole: what the API says, said once more and as simply as can be.

The public schema is built from its text alone, so neither our resolvers nor our SQL has a part in this: rows are
filtered, sorted and cut in lists.
"""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from graphql import GraphQLSchema, build_schema, graphql_sync, print_schema
from psycopg.rows import dict_row

Row = Mapping[str, Any]
TABLES = ("jobs", "providers", "dispatches", "agent_reports", "retries", "payment_claimed", "checkpoints")
STALLED_AFTER = timedelta(minutes=2)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

ORDERS = {
    "CREATED": ("source_block", "source_log_index"),
    "PAYMENT": ("payment", "job_id"),
    "UPDATED": ("updated_at", "job_id"),
    "REPUTATION": ("reputation_score", "wallet_address"),
    "LAST_SEEN": ("is_online", "last_seen", "wallet_address"),
    "VRAM": ("vram", "wallet_address"),
    "REGISTERED": ("registered_at", "wallet_address"),
}

Condition = Callable[[Row, Any], bool]

JOB_CONDITIONS: Mapping[str, Condition] = {
    "status": lambda job, word: bool(job["status"] == word),
    "statusIn": lambda job, words: job["status"] in words,
    "escrow": lambda job, word: bool(job["escrow"] == word),
    "renter": lambda job, who: bool(job["renter"].lower() == who.lower()),
    "provider": lambda job, who: bool((job["provider"] or "").lower() == who.lower()),
    "minPayment": lambda job, wei: bool(job["payment"] >= int(wei)),
    "maxPayment": lambda job, wei: bool(job["payment"] <= int(wei)),
    "createdAfter": lambda job, at: bool(job["created_at"] > datetime.fromisoformat(at)),
    "createdBefore": lambda job, at: bool(job["created_at"] < datetime.fromisoformat(at)),
}

PROVIDER_CONDITIONS: Mapping[str, Condition] = {
    "isOnline": lambda provider, is_online: provider["is_online"] is is_online,
    "gpuModel": lambda provider, model: bool(provider["gpu_model"] == model),
    "gpuModelIn": lambda provider, models: provider["gpu_model"] in models,
    "minVramMib": lambda provider, vram: bool(provider["vram"] >= vram),
    "maxVramMib": lambda provider, vram: bool(provider["vram"] <= vram),
    "minReputation": lambda provider, score: bool(provider["reputation_score"] >= score),
    "addressIn": lambda provider, those: provider["wallet_address"].lower() in [each.lower() for each in those],
}


class Reference:
    """All rows at one moment, and the schema to answer by."""

    def __init__(self, schema: GraphQLSchema, tables: Mapping[str, Sequence[Row]], now: datetime) -> None:
        self._schema = build_schema(print_schema(schema))
        self._tables = tables
        self._now = now

    @classmethod
    async def of(cls, schema: GraphQLSchema, url: str) -> "Reference":
        """Return what a database holds now."""
        async with await psycopg.AsyncConnection.connect(url, row_factory=dict_row) as connection:
            await connection.execute("set timezone to 'UTC'")
            tables = {
                table: await (await connection.execute(f"select * from {table}".encode())).fetchall()
                for table in TABLES
            }
        return cls(schema, tables, datetime.now(UTC))

    def answer(self, text: str, variables: Mapping[str, Any]) -> Any:
        """Return the data of an answer."""
        root = {
            "job": lambda _, jobId: self._job(self._find("jobs", "job_id", bytes.fromhex(jobId[2:]))),  # noqa: N803
            "provider": lambda _, address: self._provider_by(address),
            "jobs": lambda _, **asked: self._jobs(self._tables["jobs"], **asked),
            "providers": lambda _, **asked: self._providers(**asked),
        }
        result = graphql_sync(self._schema, text, root, variable_values=dict(variables))
        assert result.errors is None, result.errors
        return result.data

    def cursors(self, table: str, order: str) -> list[str]:
        """Return the cursors of all rows of a table in an order like `CREATED DESC`."""
        return [cursor(order, row) for row in self._tables[table]]

    def _find(self, table: str, column: str, value: Any) -> Row | None:
        return next((row for row in self._tables[table] if row[column] == value), None)

    def _provider_by(self, address: str) -> Any:
        known = {row["wallet_address"].lower(): row for row in self._tables["providers"]}
        return self._provider(known.get(address.lower()))

    def _jobs(self, rows: Sequence[Row], **asked: Any) -> Any:
        return connection_of(rows, JOB_CONDITIONS, "CREATED", self._job, **asked)

    def _providers(self, **asked: Any) -> Any:
        return connection_of(self._tables["providers"], PROVIDER_CONDITIONS, "REPUTATION", self._provider, **asked)

    def _job(self, row: Row | None) -> Any:
        if row is None:
            return None
        moments = ("created", "assigned", "started", "completed", "failed", "confirmed", "claimed", "updated")
        return {
            "id": global_id("Job", shown(row["job_id"])),
            "jobId": shown(row["job_id"]),
            "renter": row["renter"],
            "providerAddress": row["provider"],
            "provider": lambda _: row["provider"] and self._provider_by(row["provider"]),
            "payment": str(row["payment"]),
            **{name: row[name] for name in ("status", "escrow", "error")},
            "hasSpec": row["has_spec"],
            **{f"{name}At": moment(row[f"{name}_at"]) for name in moments},
            "dispatch": lambda _: self._dispatch(row),
            "source": self._source("bsc", row, row["created_at"]),
        }

    def _provider(self, row: Row | None) -> Any:
        if row is None:
            return None
        key = bytes.fromhex(row["wallet_address"][2:])
        claims = [claim["amount"] for claim in self._tables["payment_claimed"] if claim["provider"] == key]
        own = [job for job in self._tables["jobs"] if job["provider"] == row["wallet_address"]]
        return {
            "id": global_id("Provider", row["wallet_address"]),
            "address": row["wallet_address"],
            "gpuModel": row["gpu_model"],
            "vramMib": row["vram"],
            "isOnline": row["is_online"],
            "lastSeenAt": moment(row["last_seen"]),
            "registeredAt": moment(row["registered_at"]),
            "updatedAt": moment(row["updated_at"]),
            "reputationScore": row["reputation_score"],
            "totalJobsCompleted": row["total_jobs_completed"],
            "earned": str(sum(claims)),
            "jobs": lambda _, **asked: self._jobs(own, **asked),
            "source": None if row["source_time"] is None else self._source("opbnb", row, row["source_time"]),
        }

    def _dispatch(self, job: Row) -> Any:
        again = max((row["number"] for row in self._tables["retries"] if row["job_id"] == job["job_id"]), default=0)
        runner = None if job["provider"] is None else bytes.fromhex(job["provider"][2:])
        sent, said = (
            [
                row
                for row in self._tables[table]
                if (row["job_id"], row["provider"], row["retry"]) == (job["job_id"], runner, again)
            ]
            for table in ("dispatches", "agent_reports")
        )
        if not sent:
            return None
        times = [row["published_at"] for row in sent if row["published_at"] is not None]
        first, heard = min(times, default=None), min((row["received_at"] for row in said), default=None)
        is_late = first is not None and self._now >= first + STALLED_AFTER
        return {
            "attempts": len(sent),
            "firstSentAt": moment(first),
            "lastSentAt": moment(max(times, default=None)),
            "acknowledgedAt": moment(heard),
            "stalled": job["escrow"] == "HELD" and heard is None and is_late,
        }

    def _source(self, chain: str, row: Row, at: datetime) -> Any:
        checkpoint = self._find("checkpoints", "chain", chain)
        block = {
            "chain": chain.upper(),
            "number": row["source_block"],
            "hash": shown(row["source_hash"]),
            "timestamp": moment(at),
            "final": checkpoint is not None and row["source_block"] <= checkpoint["final_through"],
        }
        return {
            "block": block,
            "transactionHash": shown(row["source_transaction"]),
            "logIndex": row["source_log_index"],
        }


def connection_of(
    rows: Sequence[Row],
    conditions: Mapping[str, Condition],
    default: str,
    node: Callable[[Row], Any],
    *,
    filter: Mapping[str, Any] | None = None,  # noqa: A002  # The public name.
    orderBy: Mapping[str, str] | None = None,  # noqa: N803  # The public name.
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
) -> Any:
    """Return a page."""
    asked = {name: value for name, value in (filter or {}).items() if value is not None}
    met = [row for row in rows if all(conditions[name](row, value) for name, value in asked.items())]
    chosen = orderBy or {"field": default, "direction": "DESC"}
    order, is_descending = f"{chosen['field']} {chosen['direction']}", chosen["direction"] == "DESC"
    listed = sorted(met, key=lambda row: comparable(order, row), reverse=is_descending)
    sign = -1 if is_descending else 1
    page = [
        row
        for row in listed
        if (after is None or compared(order, row, after) * sign > 0)
        and (before is None or compared(order, row, before) * sign < 0)
    ]
    size = first if first is not None else last if last is not None else 50
    cut = page[max(0, len(page) - size) :] if last is not None else page[:size]
    is_cut = len(page) > size
    around = {
        "hasNextPage": before is not None if last is not None else is_cut,
        "hasPreviousPage": is_cut if last is not None else after is not None,
        "startCursor": cursor(order, cut[0]) if cut else None,
        "endCursor": cursor(order, cut[-1]) if cut else None,
    }
    return {
        "nodes": [node(row) for row in cut],
        "edges": [{"node": node(row), "cursor": cursor(order, row)} for row in cut],
        "pageInfo": around,
        "totalCount": len(met),
    }


def cursor(order: str, row: Row) -> str:
    """Return the place of a row."""
    text = json.dumps([order, *keys_of(order, row)], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode()


def keys_of(order: str, row: Row) -> list[Any]:
    """Return what a row is sorted by, as a cursor has it."""
    return [_written(row[column]) for column in ORDERS[order.split()[0]]]


def comparable(order: str, row: Row) -> list[Any]:
    """Return the same with nulls before everything."""
    return [(value is not None, value if value is not None else 0) for value in keys_of(order, row)]


def compared(order: str, row: Row, place: str) -> int:
    """Return −1, 0 or 1 as a row lies before, at or behind a place in ascending order."""
    _, *keys = json.loads(base64.urlsafe_b64decode(place))
    ours, theirs = comparable(order, row), [(key is not None, key if key is not None else 0) for key in keys]
    return (ours > theirs) - (ours < theirs)


def _written(value: Any) -> Any:
    if isinstance(value, datetime):
        return (value - EPOCH) // timedelta(microseconds=1)
    if isinstance(value, bool):
        return value
    if isinstance(value, bytes):
        return value.hex()
    return value if value is None or isinstance(value, str) else int(value)


def global_id(kind: str, key: str) -> str:
    """Return the id of an object."""
    return base64.b64encode(f"{kind}:{key}".encode()).decode()


def shown(value: bytes) -> str:
    """Return bytes as hex."""
    return "0x" + value.hex()


def moment(at: datetime | None) -> str | None:
    """Return a time in RFC 3339."""
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")
