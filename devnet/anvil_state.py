"""
Keep one beginning in the file that anvil writes a chain to.

Each start of anvil makes a genesis block of its own, stamped with that moment, before it reads the file, and writes it
out beside the others at the stop. Which of them answers for block 0 after the next start is left to chance; but it is
by the genesis that a database knows its chain. The first one made is the one that block 1 stands on.
"""

from pathlib import Path

import msgspec


class _Header(msgspec.Struct, frozen=True):
    number: str
    timestamp: str


class _Block(msgspec.Struct, frozen=True):
    header: _Header


def keep_first_genesis(state: Path) -> None:
    """Take every genesis but the first out of a chain's file, if there is one, and leave all else to the letter."""
    if not state.exists():
        return
    parts = msgspec.json.decode(state.read_bytes(), type=dict[str, msgspec.Raw])
    blocks = msgspec.json.decode(parts.get("blocks", msgspec.Raw(b"[]")), type=list[msgspec.Raw])
    headers = [msgspec.json.decode(each, type=_Block).header for each in blocks]
    beginnings = [(int(each.timestamp, 16), place) for place, each in enumerate(headers) if int(each.number, 16) == 0]
    others = {place for _, place in sorted(beginnings)[1:]}
    if others:
        kept = [each for place, each in enumerate(blocks) if place not in others]
        parts["blocks"] = msgspec.Raw(msgspec.json.encode(kept))
        unfinished = state.with_name(f"{state.name}.new")
        unfinished.write_bytes(msgspec.json.encode(parts))
        unfinished.rename(state)
