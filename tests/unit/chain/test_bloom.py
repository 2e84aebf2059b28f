"""A bloom never denies a log that is there; what it denies is not there."""

from eth_hash.auto import keccak
from hypothesis import given
from hypothesis import strategies as st

from chain.abi import EVENTS_BY_CONTRACT, EVENTS_BY_NAME
from chain.bloom import BloomFilter, bloom_of
from chain.calls import LogFilter
from chain.wire import RawLog

JOB_MANAGER = tuple(shape.topic0 for shape in EVENTS_BY_CONTRACT["JobManager"])
CREATED = EVENTS_BY_NAME["JobCreated"].topic0
NODE_REPUTATION = tuple(shape.topic0 for shape in EVENTS_BY_CONTRACT["NodeReputation"])
EMPTY = "0x" + "0" * 512

# The bits of a real header: anvil's block with one JobCreated, of job 0xaa… and provider 0x22….
CONTRACT = bytes.fromhex("5fbdb2315678afecb367f032d93f642f64180aa3")
RENTER = bytes.fromhex("70997970c51812dc3a010c7d01b50e0d17dc79c8")
REAL_BITS = [52, 107, 120, 238, 486, 801, 1045, 1201, 1254, 1259, 1565, 1651, 1776, 1811, 1969]

ADDRESSES = st.binary(min_size=20, max_size=20)
TOPICS = st.binary(min_size=32, max_size=32)
LOGS = st.tuples(ADDRESSES, st.lists(TOPICS, max_size=4))


def reference(*logs: tuple[bytes, list[bytes]]) -> str:
    """Return the bloom of logs by the letter of the Yellow Paper, 4.4.1: three 11-bit numbers of each value's hash."""
    bits = bytearray(256)
    for address, topics in logs:
        for value in (address, *topics):
            digest = keccak(value)
            for pair in (digest[0:2], digest[2:4], digest[4:6]):
                bit = (pair[0] % 8) * 256 + pair[1]
                bits[255 - bit // 8] |= 1 << (bit % 8)
    return "0x" + bits.hex()


def of_bits(bits: list[int]) -> str:
    return f"{sum(1 << bit for bit in bits):#0514x}"


def filter_of(address: bytes, topics: tuple[str, ...]) -> BloomFilter:
    return BloomFilter(LogFilter(address=address, topics=topics))


def topic(text: str) -> bytes:
    return bytes.fromhex(text[2:])


def test_the_reference_agrees_with_a_real_header() -> None:
    """So that what is tested against it means something."""
    topics = [topic(CREATED), b"\xaa" * 32, bytes(12) + RENTER, bytes(12) + b"\x22" * 20]

    assert reference((CONTRACT, topics)) == of_bits(REAL_BITS)


def test_a_real_header_shows_its_log() -> None:
    """And only to whoever asks for that contract and that event."""
    bloom = of_bits(REAL_BITS)

    assert filter_of(CONTRACT, JOB_MANAGER).may_match(bloom)
    assert not filter_of(CONTRACT, NODE_REPUTATION).may_match(bloom)
    assert not filter_of(RENTER[::-1], JOB_MANAGER).may_match(bloom)


def test_each_bit_counts() -> None:
    """Take any of the bits of the address or of the event away, and the log cannot be there."""
    ours = filter_of(CONTRACT, (CREATED,))
    telling = [bit for bit in REAL_BITS if not ours.may_match(of_bits([each for each in REAL_BITS if each != bit]))]

    assert of_bits(telling) == reference((CONTRACT, [topic(CREATED)]))


@given(
    address=ADDRESSES, rest=st.lists(TOPICS, max_size=3), others=st.lists(LOGS, max_size=20), which=st.integers(0, 2)
)
def test_a_log_that_is_there_is_never_denied(
    address: bytes, rest: list[bytes], others: list[tuple[bytes, list[bytes]]], which: int
) -> None:
    """Any event of ours, with any other arguments, among any other logs."""
    bloom = reference(*others, (address, [topic(JOB_MANAGER[which]), *rest]))

    assert filter_of(address, JOB_MANAGER).may_match(bloom)


@given(address=ADDRESSES)
def test_an_empty_bloom_denies_everything(address: bytes) -> None:
    """Empty blocks cost no further question."""
    assert not filter_of(address, JOB_MANAGER).may_match(EMPTY)


@given(address=ADDRESSES)
def test_the_address_alone_is_not_enough(address: bytes) -> None:
    """Another event of the same contract is none of ours."""
    assert not filter_of(address, JOB_MANAGER).may_match(reference((address, [])))


def raw(address: bytes, topics: list[bytes]) -> RawLog:
    return RawLog(
        address="0x" + address.hex(),
        topics=["0x" + topic.hex() for topic in topics],
        data="0x",
        block_number="0x1",
        block_hash="0x" + "00" * 32,
        transaction_hash="0x" + "00" * 32,
        log_index="0x0",
    )


@given(st.lists(LOGS, max_size=5))
def test_the_bloom_of_logs_is_the_one_a_node_computes(logs: list[tuple[bytes, list[bytes]]]) -> None:
    """By the letter of the Yellow Paper."""
    assert reference(*logs) == bloom_of(raw(*log) for log in logs)


@given(st.sets(st.sampled_from(JOB_MANAGER)), ADDRESSES)
def test_a_bloom_promises_the_topics_that_are_there(topics: set[str], address: bytes) -> None:
    """All of them, of our contract's logs only."""
    bloom = bloom_of(raw(address, [bytes.fromhex(topic[2:])]) for topic in topics)
    filtered = BloomFilter(LogFilter(address=address, topics=JOB_MANAGER))

    assert topics <= filtered.promised(bloom)
    assert filtered.promised(EMPTY) == frozenset()
