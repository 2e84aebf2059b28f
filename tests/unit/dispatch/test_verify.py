"""Whether the chain still says what a job is dispatched for."""

from dataclasses import replace

import msgspec
import pytest

from chain.wire import RawLog
from dispatch import verify
from dispatch.job_values import Waiting

CONTRACT = b"\7" * 20
RENTER, PROVIDER = b"\1" * 20, b"\2" * 20
JOB = Waiting(
    job_id=b"\xab" * 32,
    renter=RENTER,
    provider=PROVIDER,
    payment=10**18,
    block_number=7,
    block_hash=b"\x0b" * 32,
    transaction_hash=b"\x0c" * 32,
    log_index=3,
    attempts=0,
)


def word(value: bytes) -> str:
    """Return a value as a 32-byte topic."""
    return "0x" + value.rjust(32, b"\0").hex()


LOG = RawLog(
    address="0x" + CONTRACT.hex(),
    topics=[verify.JOB_CREATED, word(JOB.job_id), word(RENTER), word(PROVIDER)],
    data=word((10**18).to_bytes(32)),
    block_number="0x7",
    block_hash=word(JOB.block_hash),
    transaction_hash=word(JOB.transaction_hash),
    log_index="0x3",
)


def is_there(job: Waiting, *logs: RawLog) -> bool:
    """Ask of the one contract."""
    return verify.is_there(job, logs, verify.log_filter(CONTRACT))


def test_the_log_is_found_among_others() -> None:
    assert is_there(JOB, msgspec.structs.replace(LOG, log_index="0x2"), LOG)


def test_an_empty_answer_proves_nothing() -> None:
    assert not is_there(JOB)


@pytest.mark.parametrize(
    "differs",
    [
        {"address": word(b"\x08" * 20)},
        {"block_hash": word(b"\x01")},
        {"transaction_hash": word(b"\x01")},
        {"log_index": "0x4"},
        {"data": word(b"\x01")},
        {"data": "0x"},
        {"removed": True},
        {"topics": [verify.JOB_CREATED, word(JOB.job_id), word(RENTER), word(RENTER)]},
        {"topics": []},
    ],
    ids=lambda differs: next(iter(differs)),
)
def test_a_log_that_differs_is_not_the_one(differs: dict[str, object]) -> None:
    assert not is_there(JOB, msgspec.structs.replace(LOG, **differs))


def test_the_amount_counts_too() -> None:
    assert not is_there(replace(JOB, payment=10**18 + 1), LOG)
