"""Whether the chain still says what an effect stands on."""

from dataclasses import replace

import msgspec
import pytest

from chain.abi import EVENTS_BY_NAME
from chain.wire import RawLog
from dispatch import verify
from dispatch.verify import Claim, Word

CONTRACT = b"\7" * 20
RENTER, PROVIDER = b"\1" * 20, b"\2" * 20
JOB_ID = b"\xab" * 32
JOB_CREATED, JOB_CONFIRMED = (EVENTS_BY_NAME[event].topic0 for event in ("JobCreated", "JobConfirmed"))
CLAIM = Claim(
    event="JobCreated",
    block_hash=b"\x0b" * 32,
    transaction_hash=b"\x0c" * 32,
    log_index=3,
    arguments=(JOB_ID, RENTER, PROVIDER, 10**18),
)


def word(value: bytes) -> str:
    """Return a value as a 32-byte topic."""
    return "0x" + value.rjust(32, b"\0").hex()


LOG = RawLog(
    address="0x" + CONTRACT.hex(),
    topics=[JOB_CREATED, word(JOB_ID), word(RENTER), word(PROVIDER)],
    data=word((10**18).to_bytes(32)),
    block_number="0x7",
    block_hash=word(CLAIM.block_hash),
    transaction_hash=word(CLAIM.transaction_hash),
    log_index="0x3",
)


def is_there(claim: Claim, *logs: RawLog) -> bool:
    """Ask of the one contract."""
    return verify.is_there(claim, logs, verify.log_filter(CONTRACT, claim.event))


def test_the_log_is_found_among_others() -> None:
    assert is_there(CLAIM, msgspec.structs.replace(LOG, log_index="0x2"), LOG)


def test_an_empty_answer_proves_nothing() -> None:
    assert not is_there(CLAIM)


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
        {"topics": [JOB_CREATED, word(JOB_ID), word(RENTER), word(RENTER)]},
        {"topics": []},
    ],
    ids=lambda differs: next(iter(differs)),
)
def test_a_log_that_differs_is_not_the_one(differs: dict[str, object]) -> None:
    assert not is_there(CLAIM, msgspec.structs.replace(LOG, **differs))


def test_the_amount_counts_too() -> None:
    assert not is_there(replace(CLAIM, arguments=(JOB_ID, RENTER, PROVIDER, 10**18 + 1)), LOG)


def test_a_confirmation_is_claimed_by_what_it_says_too() -> None:
    claim = replace(CLAIM, event="JobConfirmed", arguments=(JOB_ID, 1_700_000_000))
    log = msgspec.structs.replace(LOG, topics=[JOB_CONFIRMED, word(JOB_ID)], data=word((1_700_000_000).to_bytes(32)))

    assert is_there(claim, LOG, log)
    assert not is_there(replace(claim, arguments=(JOB_ID, 1_700_000_001)), log)
    assert not is_there(claim, LOG)
    assert not is_there(CLAIM, log)


@pytest.mark.parametrize(
    ("proven", "words"),
    [
        (True, [Word.THERE]),
        (True, [Word.NO_BLOCK, "it hangs", Word.THERE]),
        (True, [Word.NOT_THERE, Word.THERE, Word.THERE]),
        (False, []),
        (False, ["it hangs", "it hangs"]),
        (False, [Word.NO_BLOCK]),
        (False, [Word.NOT_THERE]),
        (False, [Word.NOT_THERE, Word.THERE]),
        (False, [Word.NOT_THERE, Word.THERE, Word.NOT_THERE]),
    ],
)
def test_two_words_outweigh_one(proven: bool, words: list[Word | str]) -> None:
    assert proven is verify.is_proven(words)
