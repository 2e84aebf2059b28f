"""The guards that keep the tables right, each with the way to take it away."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import pytest

from chain.rpc import Rpc
from chain.wire import RawLog
from indexer import asking, comparing, reader, reconcile, verify
from indexer.follower import Follower
from indexer.proving import Prover
from indexer.store import Store
from indexer.values import Cursor, Piece
from models.values import BlockRange

Patch = pytest.MonkeyPatch


def _believe_heights(patch: Patch) -> None:
    check = verify.check_heights

    def present(headers: Sequence[Any], numbers: Sequence[int], **asked: Any) -> Any:
        return check(
            headers,
            [number if header is None else header.height for header, number in zip(headers, numbers, strict=True)],
            **asked,
        )

    patch.setattr(verify, "check_heights", present)


def _believe_links(patch: Patch) -> None:
    patch.setattr(verify, "check_links", lambda *_: None)


def _believe_logs(*, but: Callable[[RawLog, Mapping[int, Any], BlockRange], RawLog]) -> Callable[[Patch], None]:
    """Return how to hide from `check_logs` what one of its checks looks at."""

    def remove(patch: Patch) -> None:
        check = verify.check_logs

        def blind(logs: Iterable[RawLog], **asked: Any) -> list[RawLog]:
            given = sorted(logs, key=lambda log: log.position)
            check([but(log, asked["headers"], asked["blocks"]) for log in given], **asked)
            return given

        patch.setattr(verify, "check_logs", blind)

    return remove


def _no_completion(patch: Patch) -> None:
    async def as_it_came(_: Prover, __: Any, ___: Any, logs: list[RawLog], level: Any) -> Any:
        return logs, level

    patch.setattr(Prover, "complete", as_it_came)


def _believe_receipts(patch: Patch) -> None:
    def ours(_: Any, receipts: Sequence[Any], *, ours: Any, **__: Any) -> list[RawLog]:
        logs = [log for receipt in receipts for log in receipt.logs if verify.is_ours(log, ours)]
        return sorted(logs, key=lambda log: log.position)

    patch.setattr(verify, "check_receipts", ours)


def _any_parent(patch: Patch) -> None:
    take = Follower._take

    async def follows(follower: Follower, cursor: Cursor, tip: Any, piece: Piece, *, near: bool) -> Any:
        last = cursor.block if follower._held is None else follower._held.last
        return await take(follower, cursor, tip, replace(piece, parent=last.hash), near=near)

    patch.setattr(Follower, "_take", follows)


def _insists(patch: Patch) -> None:
    async def always(*_: Any) -> bool:
        return True

    patch.setattr(reader.Reader, "insists", always)


def _most_final(patch: Patch) -> None:
    piece = asking._piece
    patch.setattr(asking, "_piece", lambda *told, **more: replace(piece(*told, **more), final_through=2**62))
    patch.setattr(Rpc, "finalized", lambda rpc: max(each.finalized or 0 for each in rpc.in_use()))


def _believe_contradictions(patch: Patch) -> None:
    patch.setattr(
        comparing, "reconcile", lambda ours, theirs: reconcile.reconcile(ours, replace(theirs, final_through=2**62))
    )


def _ask_nobody_else(patch: Patch) -> None:
    patch.setattr(Rpc, "others_than", lambda *_: [])


def _no_fence(patch: Patch) -> None:
    fence = Store._fence
    move = Store._move_checkpoint

    async def wherever_it_stands(store: Store, connection: Any, expected: Cursor, segment: Any) -> None:
        row = await (
            await connection.execute("select number, hash from checkpoints where chain = %s", (store._followed.chain,))
        ).fetchone()
        await move(
            store, connection, replace(expected, block=replace(expected.block, number=row[0], hash=row[1])), segment
        )

    patch.setattr(Store, "_move_checkpoint", wherever_it_stands)
    patch.setattr(Store, "_fence", lambda store, expected: fence(store, expected) | {"epoch": None})


def _forget_undone(patch: Patch) -> None:
    delete = Store._delete_above

    async def deleted(store: Store, connection: Any, fork: int, cursor: int) -> frozenset[bytes]:
        await delete(store, connection, fork, cursor)
        return frozenset()

    patch.setattr(Store, "_delete_above", deleted)


def _nobody_expires(patch: Patch) -> None:
    async def nobody(*_: Any) -> frozenset[bytes]:
        return frozenset()

    patch.setattr(Store, "_stale", nobody)


def _of_this_block(log: RawLog, headers: Mapping[int, Any], _: BlockRange) -> RawLog:
    header = headers.get(log.height) or next(iter(headers.values()))
    return _changed(log, block_hash=header.hash, block_number=header.number)


def _not_removed(log: RawLog, _: Mapping[int, Any], __: BlockRange) -> RawLog:
    return _changed(log, removed=False)


def _changed(log: RawLog, **values: Any) -> RawLog:
    return type(log)(**{**{name: getattr(log, name) for name in log.__struct_fields__}, **values})


@dataclass(frozen=True, slots=True)
class Guard:
    """A guard: a world that needs it, how to take it away, and the faults it is there for, where it is for some."""

    seed: int
    remove: Callable[[Patch], None]
    against: tuple[str, ...] = ()


GUARDS: Final[Mapping[str, Guard]] = {
    "a header is of the block asked for": Guard(41, _believe_heights, ("other_block",)),
    "headers follow each other": Guard(1, _believe_links, ("hidden_blocks",)),
    "a log is of a block we hold": Guard(1, _believe_logs(but=_of_this_block), ("other_hash",)),
    "a log is not marked removed": Guard(
        1, _believe_logs(but=lambda log, *_: _changed(log, removed=False)), ("removed",)
    ),
    "a log is ours": Guard(0, lambda patch: patch.setattr(verify, "is_ours", lambda *_: True), ("stranger",)),
    "what a bloom promises is looked for": Guard(4, _no_completion, ("drop_block", "drop_topic")),
    "receipts make up the bloom": Guard(49, _believe_receipts, ("short_receipts", "say_too_much")),
    "a piece follows our last block": Guard(1, _any_parent, ("orphan",)),
    "a log that contradicts its ABI is asked for again": Guard(2, _insists, ("garbled",)),
    "final is what all in use call final": Guard(8, _most_final, ("orphan",)),
    "who contradicts a final block must hold its own final": Guard(36, _believe_contradictions, ("orphan",)),
    "another is asked where one cannot tell": Guard(0, _ask_nobody_else),
    "a commit is fenced by checkpoint and lease": Guard(21, _no_fence),
    "what lost its facts is refreshed": Guard(11, _forget_undone),
    "block time takes providers offline": Guard(1, _nobody_expires),
}
"""By what is no longer so without it."""

READER = "tests/unit/indexer/test_reader.py"
UNSHOWN: Final[Mapping[str, tuple[str, str]]] = {
    "a range is answered by the node that has its last block": (
        READER,
        "test_who_lies_about_history_is_not_believed",
    ),
    "final is what the node that gave a block holds final": (
        READER,
        "test_final_is_what_the_node_that_gave_the_blocks_holds_final",
    ),
    "a deep reorg is confirmed by a second endpoint": (
        "tests/integration/indexer/test_head.py",
        "test_one_endpoint_alone_does_not_take_back_many_blocks",
    ),
}
"""Guards whose removal no world of sixty noticed, for another one stands behind each; and the test of each alone."""
