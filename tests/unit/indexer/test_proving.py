"""What a bloom promises and nobody answered is asked about in another way, and the level says how it ended."""

from typing import Any

import pytest

from indexer.reader import Reader
from indexer.values import Piece
from models.values import BlockRange, ProofLevel
from tests.simulation.nodes import Traits
from tests.unit.indexer.nodes import Tell, Told, chain_of, reading, true_logs

CHAIN = chain_of()
HISTORY, HEAD = BlockRange(first=5, last=50), BlockRange(first=51, last=60)
RECEIPTS = "eth_getBlockReceipts"


def dropping(kept: slice = slice(0)) -> Tell:
    """Return what tells only some of the logs asked for, and all receipts."""
    return lambda method, _, result: result[kept] if method == "eth_getLogs" else result


def forging_receipts(method: str, _: list[Any], result: Any) -> Any:
    """Tell no logs, and receipts that have none either."""
    if method == RECEIPTS:
        return [{**receipt, "logs": []} for receipt in result]
    return dropping()(method, _, result)


async def head(reader: Reader) -> Piece:
    return await reader.head(HEAD, await reader.look())


def history(level: ProofLevel) -> Any:
    return lambda reader: reader.history(HISTORY, level)


def positions(piece: Piece) -> list[tuple[int, int]]:
    return [log.position for log in piece.logs]


def test_what_one_left_out_the_second_tells() -> None:
    """By block hash, which costs little; no receipts are read."""
    piece, (_, second) = reading(CHAIN, head, Told(tell=dropping()), Told())

    assert true_logs(CHAIN, HEAD) == positions(piece)
    assert piece.level is ProofLevel.BLOOM
    assert set(second) == {"eth_getLogs"}


def test_where_there_is_no_second_receipts_tell() -> None:
    """Of the same endpoint: they prove themselves."""
    piece, (asked,) = reading(CHAIN, head, Told(tell=dropping()))

    assert true_logs(CHAIN, HEAD) == positions(piece)
    assert piece.level is ProofLevel.BLOOM
    assert RECEIPTS in asked


@pytest.mark.parametrize("level", [ProofLevel.BLOOM, ProofLevel.RECEIPTS])
def test_history_that_was_dropped_is_found(level: ProofLevel) -> None:
    """At the levels that look at blooms."""
    piece, _ = reading(CHAIN, history(level), Told(tell=dropping(slice(3))))

    assert true_logs(CHAIN, HISTORY) == positions(piece)
    assert level is piece.level


def test_what_nobody_can_tell_is_kept_as_it_came_and_proven_less() -> None:
    """No receipts, no second endpoint: what the record says is not more than what was proven."""
    piece, _ = reading(CHAIN, history(ProofLevel.BLOOM), Told(traits=Traits(has_receipts=False), tell=dropping()))

    assert positions(piece) == []
    assert piece.level is ProofLevel.HASH


def test_receipts_that_do_not_make_up_the_bloom_are_not_believed() -> None:
    """An endpoint that left logs out of both is found out; another one tells."""
    piece, (_, second) = reading(CHAIN, history(ProofLevel.RECEIPTS), Told(tell=forging_receipts), Told())

    assert true_logs(CHAIN, HISTORY) == positions(piece)
    assert piece.level is ProofLevel.RECEIPTS
    assert RECEIPTS in second


def test_two_who_leave_out_the_same_are_found_out_by_receipts_only() -> None:
    """At `bloom` two wrong words count as one true one: docs/guarantees.md says so."""
    nodes = Told(tell=dropping()), Told(tell=dropping())
    fooled, _ = reading(CHAIN, head, *nodes)
    proven, _ = reading(CHAIN, head, *nodes, head_level=ProofLevel.RECEIPTS)

    assert positions(fooled) == []
    assert true_logs(CHAIN, HEAD) == positions(proven)


@pytest.mark.parametrize("level", [ProofLevel.PINNED, ProofLevel.HASH])
def test_what_the_lower_levels_do_not_notice(level: ProofLevel) -> None:
    """As docs/guarantees.md says: a log left out of history."""
    piece, _ = reading(CHAIN, history(level), Told(tell=dropping(slice(3))))

    assert true_logs(CHAIN, HISTORY)[:3] == positions(piece)
    assert level is piece.level


def test_full_blooms_cost_no_receipts_where_a_second_endpoint_agrees() -> None:
    """A bloom promises more than there is; on a busy chain in most blocks."""
    crowded = [block for block in CHAIN.canonical if block.number in range(51, 61)]
    for block in crowded:
        block.__dict__["bloom"] = 2**2048 - 1
        block.__dict__.pop("wire_header", None)
    try:
        piece, asked = reading(CHAIN, head, Told(), Told())
    finally:
        for block in crowded:
            del block.__dict__["bloom"]
            block.__dict__.pop("wire_header", None)

    assert true_logs(CHAIN, HEAD) == positions(piece)
    assert piece.level is ProofLevel.BLOOM
    assert not any(RECEIPTS in methods for methods in asked)


def test_what_only_the_third_can_prove_is_asked_of_it() -> None:
    """The second has no receipts either."""
    without = Told(traits=Traits(has_receipts=False), tell=dropping())
    piece, (_, _, third) = reading(CHAIN, history(ProofLevel.RECEIPTS), without, without, Told())

    assert true_logs(CHAIN, HISTORY) == positions(piece)
    assert piece.level is ProofLevel.RECEIPTS
    assert RECEIPTS in third
