"""
What is wrong with an answer: each fault is a name and what it does to what an honest node said.

    of the view      an older head, an orphaned branch, finality ahead of the head
    of the exchange  no answer, an HTTP error, half a body, something that is no JSON
    of the batch     an answer without, with a wrong, or with somebody else's id; an error for all; headers by number
                     from two nodes, one of them on an orphaned branch
    of the headers   no block, another block, another parent
                     and in a world with one liar only: one forged to hide logs that are left out of ranges
    of the logs      some left out, some twice, some that were not asked for, or garbled
    of the receipts  a log left out

Some of it nobody could detect who reads at a lower proof level: `UNDETECTABLE` says which, and is not drawn there.
"""

from collections.abc import Callable, Mapping
from random import Random
from typing import Any, Final

from models.values import ProofLevel
from tests.simulation.blockchain import Json

OF_VIEW: Final = ("lag", "orphan", "finalized_ahead")
OF_EXCHANGE: Final = (
    *("timeout", "slow", "http_429", "http_402", "http_413", "http_503", "closed", "garbage", "not_an_answer"),
)
OF_BATCH: Final = ("missing_id", "wrong_id", "duplicate_id", "shuffled_batch", "error_for_all")
SAID: Final = ("say_rate", "say_rest", "say_too_much", "say_head", "say_limit_exceeded")

PROFILES: Final[Mapping[str, tuple[str, ...]]] = {
    "honest": ("slow",),
    "flaky": (*OF_EXCHANGE, *OF_BATCH, "say_rate", "no_block"),
    "lagging": ("lag", "finalized_ahead", "say_head"),
    "truncating": ("lag",),
    "dropping": (
        *("drop_all", "drop_block", "drop_topic", "drop_one", "twice", "stranger", "other_topic", "removed"),
        *("garbled", "outside", "reversed", "other_hash", "no_logs", "other_block", "other_parent"),
    ),
    "orphaned": ("orphan", "orphan", "mixed"),
    "hoarding": ("short_receipts", "say_too_much"),
    "refusing": ("http_429", "http_402", *SAID),
}
"""What befalls an endpoint of each kind in its bad phases."""

HIDES: Final = "hidden_blocks"
LIES_ABOUT_LOGS: Final = frozenset({"drop_all", "drop_block", "drop_topic", "drop_one"})
UNDETECTABLE: Final[Mapping[ProofLevel, Mapping[str, frozenset[str]]]] = {
    # Logs are believed as they come, from a node that has the last block.
    ProofLevel.PINNED: {"range": LIES_ABOUT_LOGS | {"other_hash"}, "hash": frozenset({"drop_one", "garbled"})},
    # Each log that came belongs to its block; nothing is known of those that did not come.
    ProofLevel.HASH: {"range": LIES_ABOUT_LOGS, "hash": frozenset({"drop_one", "garbled"})},
    # A block's bloom says that there are logs of a topic, not how many.
    ProofLevel.BLOOM: {"range": frozenset({"drop_one"}), "hash": frozenset({"drop_one", "garbled"})},
    ProofLevel.RECEIPTS: {"range": frozenset(), "hash": frozenset({"garbled"})},
}
"""
Faults of log answers that a proof level cannot detect, by how the logs were asked for.

A garbled log is asked for again by its block's hash: who garbles it there too is believed, and a person is called.

By no level, and never drawn: a header with another content than its hash is of; a log with other arguments than were
emitted; a finalized tag above what is final; a genesis or a contract that is another chain's; history that is said to
be gone and is not; and any lie that every endpoint tells.
"""

NEVER_BY_THE_SAME: Final = "an endpoint leaves logs out of ranges or out of single blocks, not of both"
"""Who is told the same lie in answer to two different questions has no third to ask."""


def drop_all(logs: list[Json], _: Random) -> list[Json]:
    """Answer nothing."""
    return logs[:0]


def drop_block(logs: list[Json], dice: Random) -> list[Json]:
    """Leave out all logs of one block."""
    gone = dice.choice(logs)["blockNumber"]
    return [log for log in logs if log["blockNumber"] != gone]


def drop_topic(logs: list[Json], dice: Random) -> list[Json]:
    """Leave out all logs of one kind in one block."""
    gone = dice.choice(logs)
    return [log for log in logs if (log["blockNumber"], log["topics"][0]) != (gone["blockNumber"], gone["topics"][0])]


def drop_one(logs: list[Json], dice: Random) -> list[Json]:
    """Leave out one log of a block that has another."""
    heights = [log["blockNumber"] for log in logs]
    crowded = [at for at, height in enumerate(heights) if heights.count(height) > 1]
    gone = dice.choice(crowded) if crowded else None
    return [log for at, log in enumerate(logs) if at != gone]


def with_one(change: Callable[[Json], Json], *, instead: bool) -> Callable[[list[Json], Random], list[Json]]:
    """Return the fault that puts a changed copy of one log beside it, or in its place."""

    def fault(logs: list[Json], dice: Random) -> list[Json]:
        at = dice.randrange(len(logs))
        return [*logs[: at if instead else at + 1], change(logs[at]), *logs[at + 1 :]]

    return fault


OF_LOGS: Final[Mapping[str, Callable[[list[Json], Random], Any]]] = {
    "drop_all": drop_all,
    "drop_block": drop_block,
    "drop_topic": drop_topic,
    "drop_one": drop_one,
    "twice": with_one(lambda log: log, instead=False),
    "stranger": with_one(lambda log: log | {"address": "0x" + "5e" * 20, "logIndex": "0xfff"}, instead=False),
    "other_topic": with_one(
        lambda log: log | {"topics": ["0x" + "dd" * 32, *log["topics"][1:]], "logIndex": "0xffe"}, instead=False
    ),
    "garbled": with_one(lambda log: log | {"topics": log["topics"][:-1]}, instead=True),
    "removed": with_one(lambda log: log | {"removed": True, "logIndex": "0xffd"}, instead=False),
    "outside": with_one(lambda log: log | {"blockNumber": hex(int(log["blockNumber"], 16) + 5000)}, instead=True),
    "other_hash": with_one(lambda log: log | {"blockHash": "0x" + "ab" * 32, "logIndex": "0xffc"}, instead=False),
    "reversed": lambda logs, _: logs[::-1],
    "no_logs": lambda _, __: None,
}
OF_HEADERS: Final[Mapping[str, Callable[[Json], Any]]] = {
    "no_block": lambda _: None,
    "other_block": lambda header: header | {"number": hex(int(header["number"], 16) + 1)},
    "other_parent": lambda header: header | {"parentHash": "0x" + "cd" * 32},
}


def short_receipts(receipts: list[Json], dice: Random) -> list[Json]:
    """Leave one log out of a block's receipts, or a whole receipt."""
    at = dice.randrange(len(receipts))
    kept = receipts[at]["logs"][:-1] if dice.random() < 0.5 else []
    short = [receipts[at] | {"logs": kept}] if kept else []
    return [*receipts[:at], *short, *receipts[at + 1 :]]


def hide(header: Json) -> Json:
    """Forge a header that promises no logs; its hash is no longer the parent of the next."""
    return header | {"logsBloom": "0x" + "0" * 512, "hash": "0x" + "ef" * 32}


def is_hidden(block_number: str) -> bool:
    """Say whether a block is one of those that are hidden."""
    return int(block_number, 16) % 3 == 0


def spoil(
    fault: str,
    method: str,
    parameters: list[Any],
    result: Any,
    *,
    levels: Mapping[str, ProofLevel],
    dice: Random,
) -> Any:
    """Return the result with the fault in it, where it can have it and somebody could notice."""
    if method == "eth_getLogs" and fault == HIDES and "fromBlock" in parameters[0]:
        shown = [log for log in result if not is_hidden(log["blockNumber"])]
        return result if "drop_block" in UNDETECTABLE[levels["range"]]["range"] else shown
    if method == "eth_getLogs" and fault in OF_LOGS and result:
        asked = "hash" if "blockHash" in parameters[0] else "range"
        return result if fault in UNDETECTABLE[levels[asked]][asked] else OF_LOGS[fault](result, dice)
    if method == "eth_getBlockReceipts" and fault == "short_receipts" and result:
        return short_receipts(result, dice)
    if method == "eth_getBlockByNumber" and fault in OF_HEADERS and result and parameters[0][:2] == "0x":
        return OF_HEADERS[fault](result)
    return result
