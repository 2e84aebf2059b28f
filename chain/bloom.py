"""Decide from a header's logs bloom whether a block can hold a log of ours; "no" is proof of absence."""

from collections.abc import Iterable

from eth_hash.auto import keccak

from chain.calls import LogFilter
from chain.wire import RawLog


class BloomFilter:
    """The bits that a log of one `LogFilter` sets, worked out once."""

    def __init__(self, ours: LogFilter) -> None:
        self._address = _bits(ours.address)
        self._topics = {topic: _bits(bytes.fromhex(topic[2:])) for topic in ours.topics}

    def may_match(self, logs_bloom: str) -> bool:
        """Return whether the bloom (0x and 512 hex digits) has the address and at least one of the topics."""
        return bool(self.promised(logs_bloom))

    def promised(self, logs_bloom: str) -> frozenset[str]:
        """Return the first topics of ours that the block may hold; none when the bloom lacks the address."""
        bloom = int(logs_bloom, 16)
        if bloom & self._address != self._address:
            return frozenset()
        return frozenset(topic for topic, bits in self._topics.items() if bloom & bits == bits)


def bloom_of(logs: Iterable[RawLog]) -> str:
    """Return the bloom (0x and 512 hex digits) of a block with exactly these logs."""
    bloom = 0
    for log in logs:
        for part in (log.address, *log.topics):
            bloom |= _bits(bytes.fromhex(part[2:]))
    return f"{bloom:#0514x}"


def _bits(value: bytes) -> int:
    digest = keccak(value)
    bits = 0
    for position in (0, 2, 4):
        bits |= 1 << (int.from_bytes(digest[position : position + 2]) & 2047)
    return bits
