"""What the benchmark of subscriptions puts into the database in SQL."""

from collections.abc import Sequence

from models.feed import ChangeKind, Entity
from models.values import show_bytes
from runtime import feed
from runtime.database import Connection


def job_id(number: int) -> bytes:
    """Return the id of a job."""
    return number.to_bytes(32, "big")


def renter(number: int) -> str:
    """Return the address that rents the jobs of a group; digits have no case, so it is in EIP-55 form."""
    return f"0x{number:040d}"


async def fill(connection: Connection, jobs: int, groups: int) -> None:
    """Insert jobs, of as many renters as there are groups, in turns."""
    await connection.execute(
        """
        insert into jobs (job_id, renter, provider, payment, status, escrow, has_spec, created_at, updated_at,
            source_block, source_hash, source_transaction, source_log_index)
        select decode(lpad(to_hex(number), 64, '0'), 'hex'), '0x' || lpad((number %% %(groups)s)::text, 40, '0'),
            null, number, 'CREATED', 'HELD', false, now(), now(), number, decode(repeat('00', 32), 'hex'),
            decode(repeat('00', 32), 'hex'), 0
        from generate_series(1, %(jobs)s) as number
        """,
        {"jobs": jobs, "groups": groups},
    )
    await connection.execute("analyze jobs")


async def change(connection: Connection, numbers: Sequence[int], groups: int) -> None:
    """Commit that jobs changed, as the indexer does: rows of the feed, and one notification."""
    await feed.append(connection, [_changed(number, groups) for number in numbers])
    await connection.commit()


def _changed(number: int, groups: int) -> feed.Change:
    watched = {
        "status": "CREATED",
        "escrow": "HELD",
        "renter": renter(number % groups),
        "provider": None,
        "payment": str(number),
        "created_at": "2026-01-01T00:00:00+00:00",
    }
    return feed.Change(
        entity=Entity.JOB, kind=ChangeKind.UPDATED, key=show_bytes(job_id(number)), before=watched, after=watched
    )
