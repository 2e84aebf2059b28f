"""Headers and logs as a chain would answer them, made up, and whole: whoever needs them damaged replaces a part."""

from collections.abc import Sequence

from chain.abi import EVENTS_BY_NAME
from chain.calls import LogFilter
from chain.wire import Header, RawLog
from models.values import show_bytes

CONTRACT = b"\xc0" * 20
OURS = LogFilter(address=CONTRACT, topics=(EVENTS_BY_NAME["JobConfirmed"].topic0,))
EMPTY_BLOOM = "0x" + "0" * 512


def hash_of(number: int, branch: str = "") -> str:
    """Return a hash that tells its block and branch apart from others."""
    return show_bytes(f"{branch}{number}".encode().rjust(32, b"\1"))


def header(number: int, branch: str = "", *, parent_branch: str | None = None) -> Header:
    """Return a header that follows the one before on its branch, or on another."""
    return Header(
        number=hex(number),
        hash=hash_of(number, branch),
        parent_hash=hash_of(number - 1, branch if parent_branch is None else parent_branch),
        timestamp=hex(1_700_000_000 + number),
        logs_bloom=EMPTY_BLOOM,
    )


def headers(first: int, last: int) -> list[Header]:
    """Return the headers of a range."""
    return [header(number) for number in range(first, last + 1)]


def log(number: int, index: int = 0, *, topics: Sequence[str] = (*OURS.topics, "0x" + "ab" * 32)) -> RawLog:
    """Return a log of ours in a block."""
    return RawLog(
        address=show_bytes(CONTRACT),
        topics=list(topics),
        data="0x" + "00" * 31 + "07",
        block_number=hex(number),
        block_hash=hash_of(number),
        transaction_hash="0x" + "cc" * 32,
        log_index=hex(index),
    )
