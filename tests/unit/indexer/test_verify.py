"""Each guard lets the truth through and stops one kind of lie."""

from collections.abc import Callable
from random import Random

import pytest
from msgspec.structs import replace

from chain.bloom import bloom_of
from chain.errors import TryAgain
from chain.wire import Header, RawLog, Receipt
from indexer.verify import Doubtful, check_heights, check_links, check_logs, check_receipts, unkept
from models.values import BlockId, BlockRange, show_bytes
from tests.unit.indexer.chains import OURS, hash_of, header, headers, log

PARENT = BlockId(number=9, hash=bytes.fromhex(hash_of(9)[2:]))
BLOCKS = BlockRange(first=10, last=14)
KNOWN = {each.height: each for each in headers(10, 14)}


def checked(logs: list[RawLog]) -> list[RawLog]:
    return check_logs(logs, ours=OURS, blocks=BLOCKS, headers=KNOWN)


def test_headers_in_a_row_are_believed() -> None:
    """Each the parent of the next, the first following ours."""
    check_links(PARENT, headers(10, 14))
    check_links(PARENT, [])


BROKEN_CHAINS: dict[str, Callable[[list[Header]], list[Header]]] = {
    "another parent than ours": lambda chain: [header(10, parent_branch="b"), *chain[1:]],
    "a gap at the start": lambda chain: chain[1:],
    "a gap inside": lambda chain: [*chain[:2], *chain[3:]],
    "a header twice": lambda chain: [chain[0], *chain],
    "another order": lambda chain: [chain[1], chain[0], *chain[2:]],
    "a header of another branch": lambda chain: [*chain[:2], header(12, "b"), *chain[3:]],
    "a branch that starts inside": lambda chain: [*chain[:3], header(13, "b", parent_branch=""), chain[4]],
    "a number that lies": lambda chain: [*chain[:4], replace(chain[4], number="0xff")],
}


@pytest.mark.parametrize("broken", BROKEN_CHAINS.values(), ids=BROKEN_CHAINS.keys())
def test_headers_that_do_not_link_are_doubted(broken: Callable[[list[Header]], list[Header]]) -> None:
    """One wrong link is enough."""
    with pytest.raises(Doubtful, match="does not follow block"):
        check_links(PARENT, broken(headers(10, 14)))


def test_headers_of_the_blocks_asked_for_are_returned() -> None:
    """In the order of the question."""
    assert check_heights([KNOWN[12], KNOWN[10]], [12, 10]) == [KNOWN[12], KNOWN[10]]


def test_a_header_that_is_not_there_is_asked_for_again() -> None:
    """The endpoint lags: no doubt, only patience."""
    with pytest.raises(TryAgain, match="the endpoint has no block 11 yet"):
        check_heights([KNOWN[10], None], [10, 11])


def test_a_header_of_another_block_is_doubted() -> None:
    """Caches in front of endpoints mix answers up."""
    with pytest.raises(Doubtful, match="asked for block 11, the endpoint answered block 12"):
        check_heights([KNOWN[10], KNOWN[12]], [10, 11])


def test_logs_come_back_in_the_order_of_the_chain() -> None:
    """By block and log index as numbers, however the endpoint ordered them."""
    ordered = [log(10, 2), log(10, 10), log(11, 0), log(14, 1)]
    mixed = Random(3).sample(ordered, len(ordered))

    assert checked(mixed) == ordered
    assert checked([]) == []


def test_an_address_in_mixed_case_is_ours() -> None:
    """Some endpoints answer in EIP-55."""
    shouted = replace(log(10), address="0x" + show_bytes(OURS.address)[2:].upper())

    assert checked([shouted]) == [shouted]


LIES: dict[str, tuple[RawLog, str]] = {
    "below the range": (replace(log(9), block_hash=hash_of(9)), "log 0 of block 9 lies outside of 10–14"),
    "above the range": (log(15), "log 0 of block 15 lies outside of 10–14"),
    "another contract": (replace(log(12, 3), address="0x" + "cd" * 20), "log 3 of block 12 was not asked for"),
    "another event": (log(12, topics=["0x" + "ef" * 32]), "was not asked for"),
    "no event": (log(12, topics=[]), "was not asked for"),
    "removed": (replace(log(12), removed=True), "was not asked for"),
    "of another block": (replace(log(12), block_hash=hash_of(12, "b")), "which is not ours"),
    "of a block of another height": (replace(log(12), block_hash=hash_of(13)), "which is not ours"),
    "twice": (log(11), "log 0 of block 11 was answered twice"),
}


@pytest.mark.parametrize(("lie", "said"), LIES.values(), ids=LIES.keys())
def test_a_log_that_does_not_belong_is_doubted(lie: RawLog, said: str) -> None:
    """One among good ones is enough, and the message says which."""
    with pytest.raises(Doubtful, match=said):
        checked([log(10), log(11), lie, log(14)])


def test_a_log_of_a_block_whose_header_we_lack_is_doubted() -> None:
    """Without a header there is nothing to hold it against."""
    with pytest.raises(Doubtful, match="which is not ours"):
        check_logs([log(12)], ours=OURS, blocks=BLOCKS, headers={10: KNOWN[10]})


def test_a_doubt_is_a_reason_to_ask_again() -> None:
    """Whoever waits out trouble with an endpoint waits out this too."""
    assert issubclass(Doubtful, TryAgain)


PROMISED = OURS.topics[0]
OTHER = "0x" + "77" * 32


@pytest.mark.parametrize(
    ("promised", "logs", "open_blocks"),
    [
        ({}, [], []),
        ({10: frozenset({PROMISED})}, [log(10)], []),
        ({10: frozenset({PROMISED})}, [], [10]),
        ({12: frozenset({PROMISED}), 10: frozenset({PROMISED})}, [log(11)], [10, 12]),
        ({10: frozenset({PROMISED, OTHER})}, [log(10)], [10]),
        ({10: frozenset({PROMISED})}, [log(10), log(10, 1)], []),
    ],
    ids=["nothing promised", "kept", "empty answer", "other blocks", "one of two topics", "more than one"],
)
def test_a_promise_of_the_bloom_that_no_log_keeps(
    promised: dict[int, frozenset[str]], logs: list[RawLog], open_blocks: list[int]
) -> None:
    """Topic by topic, in the order of the blocks."""
    assert open_blocks == unkept(promised, logs)


STRANGERS = replace(log(10, 1), address="0x" + "99" * 20)
RECEIPTS = [
    Receipt(block_hash=hash_of(10), logs=[log(10, 0)]),
    Receipt(block_hash=hash_of(10), logs=[]),
    Receipt(block_hash=hash_of(10), logs=[STRANGERS, log(10, 2)]),
]


def from_receipts(receipts: list[Receipt]) -> list[RawLog]:
    """Return what a block with the bloom of the true receipts is found to hold."""
    bloom = bloom_of(each for receipt in RECEIPTS for each in receipt.logs)
    given = bloom_of(each for receipt in receipts for each in receipt.logs)
    return check_receipts(replace(header(10), logs_bloom=bloom), receipts, bloom=given, ours=OURS)


def test_receipts_tell_all_logs_of_ours() -> None:
    """Those of others make the numbers whole."""
    assert [log(10, 0), log(10, 2)] == from_receipts(RECEIPTS)
    assert [log(10, 0), log(10, 2)] == from_receipts(RECEIPTS[::-1])


INCOMPLETE: dict[str, list[Receipt]] = {
    "nothing": [],
    "the first log is gone": RECEIPTS[1:],
    "one in the middle is gone": [RECEIPTS[0], replace(RECEIPTS[2], logs=[log(10, 2)])],
    "the last is gone, and with it a bit of the bloom": [RECEIPTS[0]],
    "one stands twice": [*RECEIPTS, RECEIPTS[0]],
    "a log of another block": [*RECEIPTS, Receipt(block_hash=hash_of(10), logs=[log(11, 3)])],
    "a receipt of another block": [*RECEIPTS, Receipt(block_hash=hash_of(11), logs=[])],
}


@pytest.mark.parametrize("receipts", INCOMPLETE.values(), ids=INCOMPLETE.keys())
def test_receipts_that_are_not_all_are_doubted(receipts: list[Receipt]) -> None:
    """A hole, a repetition or a bloom that is not the block's gives it away."""
    with pytest.raises(Doubtful, match="of the receipts of block 10"):
        from_receipts(receipts)
