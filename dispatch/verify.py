"""
Decide whether the chain still says what an effect stands on.

An effect that cannot be undone follows only after its one log has been read again, by the hash of its block. What is
compared is everything the effect depends on: where the log is, and all that it says. One endpoint's word is outweighed
by two others', and where one says that the log is there and one that it is not, nobody is believed.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from chain.abi import EVENTS_BY_NAME
from chain.calls import LogFilter
from chain.decode import Undecodable, decode
from chain.wire import RawLog
from models.values import show_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """
    That an event of a job is in a block, as our tables have it.

    `arguments` are the event's, in the order of the ABI, the job id first.
    """

    event: str
    block_hash: bytes
    transaction_hash: bytes
    log_index: int
    arguments: tuple[Any, ...]

    @property
    def job_id(self) -> bytes:
        """The job that the event is about."""
        job_id: bytes = self.arguments[0]
        return job_id


class Word(StrEnum):
    """What an endpoint that was asked says of a claim."""

    THERE = "has the log"
    NOT_THERE = "has the block without the log"
    NO_BLOCK = "does not have the block"


def log_filter(contract: bytes, event: str) -> LogFilter:
    """Return which logs of the block are asked for."""
    return LogFilter(address=contract, topics=(EVENTS_BY_NAME[event].topic0,))


def is_there(claim: Claim, logs: Iterable[RawLog], ours: LogFilter) -> bool:
    """Say whether the claimed log is among the logs of its block, word for word."""
    return any(_is_the_one(claim, log, ours) for log in logs)


def is_proven(words: Iterable[Word | str]) -> bool:
    """Say whether the words of several endpoints, or why one gave none, prove a claim."""
    count = Counter(words)
    return count[Word.THERE] > count[Word.NOT_THERE]


def _is_the_one(claim: Claim, log: RawLog, ours: LogFilter) -> bool:
    where = (claim.block_hash, claim.transaction_hash, claim.log_index)
    if (log.block_hash_bytes, log.transaction_hash_bytes, log.index) != where or log.removed:
        return False
    if log.address.lower() != show_bytes(ours.address) or log.topics[:1] != list(ours.topics):
        return False
    try:
        return decode(log) == claim.arguments
    except Undecodable:
        return False
