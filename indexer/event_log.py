"""
Tell of events near the head, a line each, so that the log of one job can be read from its first block on.

The id of a job is under `job` here as in every other program's log; a credit is told by its transaction, which the
reactor's line has too. Heartbeats and history are left out: there are too many to be read.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import structlog

from indexer.bulk_store import COLUMNS
from indexer.values import Facts
from models.values import Chain, checksum_address, show_bytes

TOLD_MAX: Final = 50
"""How many events of one commit are told apart."""

TOLD: Final = ("job_created", "job_confirmed", "payment_claimed", "job_count_incremented")
SHOWN: Final[Mapping[str, tuple[str, Callable[[Any], Any]]]] = {
    "job_id": ("job", show_bytes),
    "provider": ("provider", checksum_address),
    "block_number": ("block", int),
    "transaction_hash": ("transaction", show_bytes),
}
"""The columns that are told: by which key, and how."""

logger = structlog.get_logger()


def tell(chain: Chain, facts: Facts) -> None:
    """Write a line for each event that was committed, and one for those that are too many."""
    told = 0
    for table in TOLD:
        for row in facts.rows.get(table, ()):
            told += 1
            if told <= TOLD_MAX:
                logger.info("event.indexed", chain=chain.value, fact=table, **dict(_told(table, row)))
    if told > TOLD_MAX:
        logger.info("event.indexed_more", chain=chain.value, events=told - TOLD_MAX)


def _told(table: str, row: tuple[Any, ...]) -> Iterator[tuple[str, Any]]:
    for (column, _), value in zip(COLUMNS[table], row, strict=True):
        if column in SHOWN:
            key, show = SHOWN[column]
            yield key, show(value)
