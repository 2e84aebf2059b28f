"""Decide from a header's logs bloom whether a block can hold a log of ours; "no" is proof of absence."""

from collections.abc import Iterable

from eth_hash.auto import keccak

from chain.calls import LogFilter


class BloomFilter:
    """The bits that a log of one `LogFilter` sets, worked out once."""

    def __init__(self, ours: LogFilter) -> None:
        self._address = _bits(ours.address)
        self._topics = tuple(_bits(bytes.fromhex(topic[2:])) for topic in ours.topics)

    def may_match(self, logs_bloom: str) -> bool:
        """Return whether the bloom (0x and 512 hex digits) has the address and at least one of the topics."""
        bloom = int(logs_bloom, 16)
        return bloom & self._address == self._address and _any_in(bloom, self._topics)


def _any_in(bloom: int, items: Iterable[int]) -> bool:
    return any(bloom & bits == bits for bits in items)


def _bits(value: bytes) -> int:
    digest = keccak(value)
    bits = 0
    for position in (0, 2, 4):
        bits |= 1 << (int.from_bytes(digest[position : position + 2]) & 2047)
    return bits
