"""What the structs of the wire make of the endpoints' different habits."""

from datetime import UTC, datetime

import msgspec

from chain.wire import Header, RawLog

HEADER = {
    "number": "0x3e9",
    "hash": "0x" + "ab" * 32,
    "parentHash": "0x" + "cd" * 32,
    "timestamp": "0x68e5f1a0",
    "logsBloom": "0x" + "00" * 256,
    "extraData": "0x" + "11" * 500,
}
LOG = {
    "address": "0x" + "12" * 20,
    "topics": ["0x" + "34" * 32],
    "data": "0x",
    "blockNumber": "0x3e9",
    "blockHash": "0x" + "ab" * 32,
    "transactionHash": "0x" + "ef" * 32,
    "logIndex": "0x7",
}


def read_header(**fields: object) -> Header:
    """Read a header as it would come from an endpoint."""
    return msgspec.json.decode(msgspec.json.encode(HEADER | fields), type=Header)


def read_log(**fields: object) -> RawLog:
    """Read a log as it would come from an endpoint."""
    return msgspec.json.decode(msgspec.json.encode(LOG | fields), type=RawLog)


def test_header_links_to_its_parent() -> None:
    """Number and hashes come as numbers and bytes when asked for."""
    header = read_header()

    assert (header.height, header.hash_bytes, header.parent_hash_bytes) == (1001, b"\xab" * 32, b"\xcd" * 32)
    assert header.bloom_bytes == bytes(256)


def test_header_without_milliseconds_has_the_time_of_its_second() -> None:
    """A chain without `milliTimestamp` dates to the second."""
    header = read_header(timestamp="0x5")

    assert header.time_ms == 5000
    assert header.time == datetime(1970, 1, 1, 0, 0, 5, tzinfo=UTC)


def test_header_with_milliseconds_has_the_time_of_its_millisecond() -> None:
    """BSC and opBNB make several blocks a second and say when each was made."""
    header = read_header(timestamp="0x5", milliTimestamp=hex(5450))

    assert header.time_ms == 5450
    assert header.time == datetime(1970, 1, 1, 0, 0, 5, 450_000, tzinfo=UTC)


def test_log_without_removed_was_not_removed() -> None:
    """Endpoints that leave out `removed` mean false."""
    assert read_log().removed is False
    assert read_log(removed=True).removed is True


def test_log_says_where_it_stands() -> None:
    """Position and identity come as numbers and bytes when asked for."""
    log = read_log(blockTimestamp="0x5", transactionIndex="0x0")

    assert log.position == (1001, 7)
    assert (log.address_bytes, log.block_hash_bytes) == (b"\x12" * 20, b"\xab" * 32)
    assert log.transaction_hash_bytes == b"\xef" * 32
