"""
Find jobs and providers by what people copy from elsewhere: an address, a job id, the hash of a transaction.

What belongs to a text is decided by its length: 40 hex digits are an address, 64 a job id or a transaction.
"""

import asyncio
import re

from graphql_api import search_queries
from graphql_api.reading import Reading
from graphql_api.rows import JobRow, ProviderRow
from models.values import checksum_address

Hit = JobRow | ProviderRow

JOBS_MAX = 10
"""Jobs found of one who was to run them, and of one who rents them."""

CONCERNED_MAX = 20
"""What is found of one transaction, whose events can be many."""

_HEX = re.compile(r"(?:0[xX])?([0-9a-fA-F]{40}|[0-9a-fA-F]{64})")


def sought(text: str) -> bytes | None:
    """Return the 20 bytes of an address or the 32 of an id or a hash, or None for a text that is neither."""
    matched = _HEX.fullmatch(text.strip())
    return None if matched is None else bytes.fromhex(matched[1])


async def found(reading: Reading, text: str) -> list[Hit]:
    """Return what a text finds: what it names before what it leads to, newest first."""
    value = sought(text)
    if value is None:
        return []
    return await (_of_address(reading, value) if len(value) == 20 else _of_hash(reading, value))


async def _of_address(reading: Reading, address: bytes) -> list[Hit]:
    shown = checksum_address(address)
    provider, jobs = await asyncio.gather(
        reading.provider(shown), search_queries.jobs_of_either(reading.snapshot, shown, limit=JOBS_MAX)
    )
    return [*([] if provider is None else [provider]), *jobs]


async def _of_hash(reading: Reading, value: bytes) -> list[Hit]:
    concerned = await search_queries.concerned(reading.snapshot, value, limit=CONCERNED_MAX)
    jobs = [value, *(row.job_id for row in concerned if row.job_id is not None)]
    providers = [checksum_address(row.provider) for row in concerned if row.provider is not None]
    rows = await asyncio.gather(
        *(reading.job(job_id) for job_id in dict.fromkeys(jobs)),
        *(reading.provider(address) for address in dict.fromkeys(providers)),
    )
    return [row for row in rows if row is not None][:CONCERNED_MAX]
