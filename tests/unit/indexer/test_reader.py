"""A range or a head is read whole and right, from whoever can tell, or not at all."""

from collections.abc import Callable
from typing import Any

import pytest

from chain.errors import HistoryGone, RpcError
from indexer.reader import Reader
from indexer.values import Piece
from models.values import BlockRange, ProofLevel
from tests.simulation import texts
from tests.simulation.nodes import Refusal, Traits
from tests.unit.indexer.nodes import EVERY_LEVEL, Tell, Told, chain_of, reading, true_logs

CHAIN = chain_of()
HISTORY = BlockRange(first=5, last=50)
HEAD = BlockRange(first=51, last=60)

levels = pytest.mark.parametrize("level", EVERY_LEVEL)


def history(level: ProofLevel = ProofLevel.HASH, blocks: BlockRange = HISTORY) -> Any:
    """Return an act that reads history."""
    return lambda reader: reader.history(blocks, level)


async def head(reader: Reader) -> Piece:
    return await reader.head(HEAD, await reader.look())


def positions(piece: Piece) -> list[tuple[int, int]]:
    return [log.position for log in piece.logs]


def test_the_chain_has_logs_to_read() -> None:
    """Some in history, some at the head."""
    assert len(true_logs(CHAIN, HISTORY)) > 20
    assert true_logs(CHAIN, HEAD)


@levels
def test_history_is_read_whole(level: ProofLevel) -> None:
    """At any level, with the headers of blocks with logs at least, and that of the last."""
    piece, _ = reading(CHAIN, history(level))

    assert true_logs(CHAIN, HISTORY) == positions(piece)
    assert piece.blocks == HISTORY
    assert level is piece.level
    assert CHAIN.canonical[4].hash == piece.parent
    assert CHAIN.canonical[50].hash == piece.last.hash
    assert {log.height for log in piece.logs} <= {header.height for header in piece.headers}


@pytest.mark.parametrize("level", [ProofLevel.BLOOM, ProofLevel.RECEIPTS])
def test_the_head_is_read_whole(level: ProofLevel) -> None:
    """With every header, final as far as the endpoint says."""
    piece, _ = reading(CHAIN, head, head_level=level)

    assert true_logs(CHAIN, HEAD) == positions(piece)
    assert [header.height for header in piece.headers] == list(range(51, 61))
    assert (level, CHAIN.finalized) == (piece.level, piece.final_through)


def test_the_newest_block_costs_one_question_more() -> None:
    """The look brought its header; logs are asked for only where its bloom may hold ours."""
    silent = chain_of(12, seed=9)
    while true_logs(silent, BlockRange(first=silent.head.number, last=silent.head.number)):
        silent.mine(100.0)
    newest = BlockRange(first=silent.head.number, last=silent.head.number)

    async def one(reader: Reader) -> Piece:
        return await reader.head(newest, await reader.look())

    _, (asked,) = reading(silent, one)

    assert asked[:2] == ["eth_getBlockByNumber"] * 2
    assert set(asked[2:]) <= {"eth_getLogs", "eth_getBlockReceipts"}


@pytest.mark.parametrize("text", texts.RANGE_WITH_NUMBER + texts.TOO_MUCH)
def test_a_range_that_is_too_wide_is_read_in_parts(text: str) -> None:
    """Whatever the endpoint says of it."""
    piece, _ = reading(CHAIN, history(), Told(traits=Traits(range_max=7, range_text=text)))

    assert true_logs(CHAIN, HISTORY) == positions(piece)


def test_parts_of_several_endpoints_make_one_range() -> None:
    """Each gives what it can at once."""
    nodes = [Told(traits=Traits(range_max=size)) for size in (3, 8, 1)]
    piece, _ = reading(CHAIN, history(), *nodes)

    assert true_logs(CHAIN, HISTORY) == positions(piece)


def test_topics_are_asked_for_one_by_one_where_they_are_too_many() -> None:
    """In the same batch as the header that pins them."""
    piece, _ = reading(CHAIN, history(), Told(traits=Traits(topics_max=1)))

    assert true_logs(CHAIN, HISTORY) == positions(piece)


def test_one_block_with_too_many_logs_is_read_by_its_receipts() -> None:
    """The last resort, and the best proof."""
    number = true_logs(CHAIN, HISTORY)[0][0]

    one = BlockRange(first=number, last=number)
    piece, _ = reading(CHAIN, history(blocks=one), Told(traits=Traits(range_max=0, range_text=texts.TOO_MUCH[0])))

    assert true_logs(CHAIN, one) == positions(piece)
    assert piece.level is ProofLevel.RECEIPTS


def test_history_that_one_endpoint_lacks_is_read_from_another() -> None:
    """The archive comes last in the order of preference, and is asked all the same."""
    piece, (young, archive) = reading(CHAIN, history(), Told(traits=Traits(remembers=10)), Told())

    assert true_logs(CHAIN, HISTORY) == positions(piece)
    assert young
    assert archive


def test_history_that_nobody_has_is_said_plainly() -> None:
    """Waiting would not bring it back."""
    with pytest.raises(HistoryGone, match="archive"):
        reading(CHAIN, history(), Told(traits=Traits(remembers=10)))


def test_an_endpoint_without_logs_is_left_for_another() -> None:
    """However often it is preferred."""
    piece, _ = reading(CHAIN, history(), Told(traits=Traits(has_logs=False)), Told())

    assert true_logs(CHAIN, HISTORY) == positions(piece)


def lie_about_a_block(_: str, parameters: list[Any], result: Any) -> Any:
    """Tell another parent of one block than it has."""
    return {**result, "parentHash": "0x" + "5" * 64} if parameters[0] == hex(30) else result


def lose_the_last_block(_: str, parameters: list[Any], result: Any) -> Any:
    """Have no block 50."""
    return None if parameters[0] == hex(50) else result


def with_logs(change: Callable[[list[Any]], list[Any]]) -> Tell:
    """Return what tells other logs than there are."""
    return lambda method, _, result: change(result) if method == "eth_getLogs" else result


LIES = {
    "a log twice": with_logs(lambda logs: logs + logs[-1:]),
    "a removed log": with_logs(lambda logs: [{**log, "removed": True} for log in logs]),
    "logs of another block": with_logs(lambda logs: [{**log, "blockHash": "0x" + "7" * 64} for log in logs]),
    "logs out of range": with_logs(lambda logs: [{**log, "blockNumber": "0x1"} for log in logs]),
    "no last block": lose_the_last_block,
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
def test_who_lies_about_history_is_not_believed(lie: Any) -> None:
    """Another is asked; where there is none, nothing is read."""
    piece, _ = reading(CHAIN, history(), Told(tell=lie), Told())

    assert true_logs(CHAIN, HISTORY) == positions(piece)

    with pytest.raises(RpcError):
        reading(CHAIN, history(), Told(tell=lie))


@pytest.mark.parametrize("level", [ProofLevel.BLOOM, ProofLevel.RECEIPTS])
def test_headers_that_do_not_link_are_read_from_another(level: ProofLevel) -> None:
    """At the levels that read them all."""
    piece, _ = reading(CHAIN, history(level), Told(tell=lie_about_a_block), Told())

    assert true_logs(CHAIN, HISTORY) == positions(piece)


def test_blocks_that_are_not_final_to_an_endpoint_are_not_its_history() -> None:
    """It may stand on a branch that was left."""
    behind = Told(view=CHAIN.view(behind=30))
    piece, (asked, _) = reading(CHAIN, history(), behind, Told())

    assert true_logs(CHAIN, HISTORY) == positions(piece)
    assert asked == []


def test_a_log_that_contradicts_its_abi_is_asked_for_again() -> None:
    """Of somebody else: it is there, or it was made up."""
    first = true_logs(CHAIN, HISTORY)[0]

    async def insists(reader: Reader) -> tuple[bool, bool]:
        await reader.look()
        log = next(log for log in (await reader.history(HISTORY, ProofLevel.HASH)).logs if log.position == first)
        made_up = type(log)(**{name: getattr(log, name) for name in log.__struct_fields__} | {"data": "0x"})
        return await reader.insists(log), await reader.insists(made_up)

    assert reading(CHAIN, insists, Told(), Told())[0] == (True, False)


def test_too_much_at_one_block_without_receipts_is_told() -> None:
    """There is nothing less to ask for, and no other way."""
    traits = Traits(range_max=0, range_text=texts.TOO_MUCH[0], has_receipts=False)

    with pytest.raises(RpcError):
        reading(CHAIN, history(blocks=BlockRange(first=9, last=9)), Told(traits=traits))


def test_an_endpoint_that_makes_its_head_up_is_left() -> None:
    """Once is a balancer between two nodes; again and again is a lie about the head."""

    def boast(_: str, parameters: list[Any], result: Any) -> Any:
        return {**result, "number": hex(75)} if parameters[0] == "latest" else result

    async def follow(reader: Reader) -> list[str]:
        said = []
        for _ in range(5):
            tip = await reader.look()
            blocks = BlockRange(first=51, last=min(tip.number, 70))
            try:
                said.append(str((await reader.head(blocks, tip)).source))
            except RpcError as error:
                said.append(type(error).__name__)
        return said

    said, _ = reading(CHAIN, follow, Told(tell=boast), Told())

    assert said == ["NotThere", "NotThere", "NotThere", "b", "b"]


def test_final_is_what_the_node_that_gave_the_blocks_holds_final() -> None:
    """Not what another one behind the same name said at the last look: asked in the same batch."""
    looks = iter([CHAIN.finalized] * 2)

    def tell(_: str, parameters: list[Any], result: Any) -> Any:
        return {**result, "number": hex(next(looks, 30))} if parameters[0] == "finalized" else result

    piece, _ = reading(CHAIN, head, Told(tell=tell))

    assert piece.final_through == 30


def too_large_above(blocks: int, *, method: str) -> Tell:
    """Return what refuses to answer a method about more than so many blocks of one request, without a number."""
    asked: list[int] = []

    def tell(called: str, parameters: list[Any], result: Any) -> Any:
        if called == "eth_getBlockByNumber" and parameters[0] == hex(HEAD.first):
            asked.clear()
        if called == method and parameters[0] not in ("latest", "finalized"):
            asked.append(1)
            if len(asked) > blocks:
                raise Refusal(texts.TOO_MUCH[3])
        return result

    return tell


@pytest.mark.parametrize("method", ["eth_getBlockByNumber", "eth_getLogs"])
def test_near_the_head_less_is_asked_for_too(method: str) -> None:
    """An endpoint that refuses so many headers, or logs of so many blocks, is asked for the beginning of them."""
    piece, _ = reading(CHAIN, head, Told(tell=too_large_above(3, method=method)))

    assert piece.blocks.first == HEAD.first
    assert true_logs(CHAIN, piece.blocks) == positions(piece)


def test_one_block_near_the_head_with_too_many_logs_is_read_by_its_receipts() -> None:
    """Nothing less can be asked for."""
    busy = true_logs(CHAIN, HEAD)[0][0]
    one = BlockRange(first=busy, last=busy)

    async def read(reader: Reader) -> Piece:
        return await reader.head(one, await reader.look())

    piece, _ = reading(CHAIN, read, Told(tell=too_large_above(0, method="eth_getLogs")))

    assert true_logs(CHAIN, one) == positions(piece)
    assert piece.level is ProofLevel.RECEIPTS
