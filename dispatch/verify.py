"""
Decide whether the chain still says what a job is dispatched for.

Work that is paid for goes out only after its one log has been read again, by the hash of its block. What is compared
is everything the dispatch depends on: where the log is, and all that it says.
"""

from collections.abc import Iterable

from chain.abi import EVENTS_BY_NAME
from chain.calls import LogFilter
from chain.decode import Undecodable, decode
from chain.wire import RawLog
from dispatch.job_values import Waiting
from models.values import show_bytes

JOB_CREATED = EVENTS_BY_NAME["JobCreated"].topic0


def log_filter(contract: bytes) -> LogFilter:
    """Return which logs of the block are asked for."""
    return LogFilter(address=contract, topics=(JOB_CREATED,))


def is_there(job: Waiting, logs: Iterable[RawLog], ours: LogFilter) -> bool:
    """Say whether the job's `JobCreated` is among the logs of its block, word for word."""
    return any(_is_the_one(job, log, ours) for log in logs)


def _is_the_one(job: Waiting, log: RawLog, ours: LogFilter) -> bool:
    where = (job.block_hash, job.transaction_hash, job.log_index)
    if (log.block_hash_bytes, log.transaction_hash_bytes, log.index) != where or log.removed:
        return False
    if log.address.lower() != show_bytes(ours.address) or log.topics[:1] != [JOB_CREATED]:
        return False
    try:
        return decode(log) == (job.job_id, job.renter, job.provider, job.payment)
    except Undecodable:
        return False
