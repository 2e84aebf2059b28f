"""Gather what providers are ranked by, in three statements however many they are, and rank them."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from graphql_api import match_queries
from graphql_api.rows import OnlineRow, ProviderRow, RecordRow
from graphql_api.snapshot import Snapshot
from models.rank import Candidate, Needs, Ranked, Record, Uptime, rank
from models.values import parse_address

DAYS = 30
"""How far back what a provider did counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """A provider that fits, and how it was ranked."""

    provider: ProviderRow
    ranked: Ranked


async def matches(snapshot: Snapshot, needs: Needs) -> list[Matched]:
    """Return the providers that fit what is needed, best first."""
    rows = {row.wallet_address: row for row in await match_queries.fitting(snapshot, needs)}
    if not rows:
        return []
    addresses = {address: parse_address(address) for address in rows}
    records = await match_queries.records(snapshot, list(addresses), days=DAYS)
    online = await match_queries.online_times(snapshot, list(addresses.values()), days=DAYS)
    candidates = [_candidate(row, records.get(name), online.get(addresses[name])) for name, row in rows.items()]
    return [Matched(provider=rows[ranked.address], ranked=ranked) for ranked in rank(candidates, needs)]


def uptime_of(row: OnlineRow | None, known_since: datetime) -> Uptime | None:
    """Return which part of the last days a provider was online, since it is known at most; None on its first day."""
    if row is None:
        return None
    end = datetime.combine(row.through, time(), UTC) + timedelta(days=1)
    span = min(timedelta(days=DAYS), end - known_since)
    if span <= timedelta(0):
        return None
    return Uptime(
        days=math.ceil(span / timedelta(days=1)), share=min(1.0, timedelta(seconds=row.online_seconds) / span)
    )


def _candidate(row: ProviderRow, record: RecordRow | None, online: OnlineRow | None) -> Candidate:
    return Candidate(
        address=row.wallet_address,
        gpu_model=row.gpu_model,
        vram_mib=row.vram,
        reputation=row.reputation_score,
        record=Record(days=DAYS)
        if record is None
        else Record(days=DAYS, done=record.done, ended=record.ended, waiting=record.waiting),
        uptime=uptime_of(online, row.created_at),
    )
