"""
The blocks and logs of a workload as an endpoint writes them: the same bytes each time.

Logs are made once and lie one behind the other, so that the answer to a range is one slice; headers are made when they
are asked for, since an empty chain may have ten million. A hash ends in its block's number, by which it is found.
"""

from array import array
from collections.abc import Iterator
from functools import lru_cache
from hashlib import sha256

from eth_hash.auto import keccak

from benchmarks.ingest.workload import CONTRACTS, Event, Workload
from chain.abi import EVENTS_BY_NAME
from models.values import Chain

HEADER = (
    b'{"baseFeePerGas":"0x0","blobGasUsed":"0x0","difficulty":"0x2","excessBlobGas":"0x0","extraData":"0x%b",'
    b'"gasLimit":"0x42c1d80","gasUsed":"0x2f1a3b4","hash":"%b","logsBloom":"%b",'
    b'"miner":"0x1266c6be60392a8ff346e8d5eccd3e69dd9c5f20","mixHash":"0x%b",%b"nonce":"0x0000000000000000",'
    b'"number":"0x%x","parentHash":"%b","receiptsRoot":"0x%b","requestsHash":"0x%b","sha3Uncles":"0x%b",'
    b'"size":"0x58a1","stateRoot":"0x%b","timestamp":"0x%x","transactions":[],"transactionsRoot":"0x%b","uncles":[]}'
)
EXTRA = b"d98301060c846765746889676f312e32342e3131856c696e7578000000b1dfd041" + b"f7" * 240
ROOT = b"9a" * 32
NO_BLOOM = b"0x" + b"0" * 512


class Pages:
    """What an endpoint of one chain can be asked for."""

    def __init__(self, workload: Workload, *, tells_time: bool) -> None:
        self.workload = workload
        # Where logs tell the time of their block, no header says it more exactly.
        self._tells_time = tells_time
        self._blooms: list[bytes] = []
        self._logs, self._ends = self._write()

    def header(self, number: int) -> bytes:
        """Return a header as JSON."""
        workload = self.workload
        time_ms = workload.time_ms(number)
        busy = workload.empty < number <= workload.blocks
        exact = b"" if self._tells_time else b'"milliTimestamp":"0x%x",' % time_ms
        parent = block_hash(workload.chain, number - 1) if number else "0x" + "0" * 64
        return HEADER % (
            EXTRA,
            block_hash(workload.chain, number).encode(),
            self._blooms[number - workload.empty - 1] if busy else NO_BLOOM,
            ROOT,
            exact,
            number,
            parent.encode(),
            *(ROOT, ROOT, ROOT, ROOT),
            time_ms // 1000,
            ROOT,
        )

    def logs(self, first: int, last: int) -> memoryview:
        """Return the logs of blocks, comma-separated, without brackets."""
        empty, blocks = self.workload.empty, self.workload.blocks
        start = self._ends[max(0, min(first, blocks + 1) - empty - 1)]
        end = self._ends[max(0, min(last, blocks) - empty)]
        # Between two blocks stands a comma.
        return memoryview(self._logs)[start : max(start, end - 1)]

    def count(self, first: int, last: int) -> int:
        """Return how many logs these blocks have."""
        empty, blocks = self.workload.empty, self.workload.blocks
        return 5 * max(0, min(last, blocks) - max(first, empty + 1) + 1)

    def _write(self) -> "tuple[bytes, array[int]]":
        written, ends = bytearray(), array("q", [0])
        for number in range(self.workload.empty + 1, self.workload.blocks + 1):
            events = self.workload.events(number)
            self._blooms.append(bloom(self.workload.chain, frozenset(name for name, _ in events)))
            for log in self._of_block(number, events):
                written += log
                written += b","
            ends.append(len(written))
        return bytes(written), ends

    def _of_block(self, number: int, events: list[Event]) -> Iterator[bytes]:
        chain = self.workload.chain
        address, of_block = "0x" + CONTRACTS[chain].hex(), block_hash(chain, number)
        told = f'"blockTimestamp":"{self.workload.time_ms(number) // 1000:#x}",' if self._tells_time else ""
        for index, event in enumerate(events):
            yield (
                f'{{"address":"{address}",{content(event)},"blockNumber":"{number:#x}",'
                f'"transactionHash":"{transaction_hash(chain, number, index)}","transactionIndex":"{index:#x}",'
                f'"blockHash":"{of_block}",{told}"logIndex":"{index:#x}","removed":false}}'
            ).encode()


def block_hash(chain: Chain, number: int) -> str:
    """Return the hash of a block."""
    return f"0x{sha256(b'%s %d' % (chain.encode(), number)).hexdigest()[:48]}{number:016x}"


def number_of(block_hash: str) -> int:
    """Return the number of the block that a hash is of."""
    return int(block_hash[-16:], 16)


def transaction_hash(chain: Chain, number: int, index: int) -> str:
    """Return the hash of the transaction that emitted a log."""
    return "0x" + sha256(b"%s %d %d" % (chain.encode(), number, index)).hexdigest()


@lru_cache
def bloom(chain: Chain, names: frozenset[str]) -> bytes:
    """Return the bloom of a block with these events: of contract and first topics only, which are what is asked for."""
    values = [EVENTS_BY_NAME[name].topic0_bytes for name in names] + ([CONTRACTS[chain]] if names else [])
    bits = {int.from_bytes(keccak(value)[at : at + 2]) & 2047 for value in values for at in (0, 2, 4)}
    return f"{sum(1 << bit for bit in bits):#0514x}".encode()


def content(event: Event) -> str:
    """Return topics and data of an event as JSON, written from the ABI."""
    name, arguments = event
    shape = EVENTS_BY_NAME[name]
    topics, words, tail = [shape.topic0], "", ""
    for each, value in zip(shape.inputs, arguments, strict=True):
        if each.indexed:
            topics.append("0x" + value.hex().rjust(64, "0"))
        elif each.type == "string":
            words += f"{32 * len(shape.in_data):064x}"
            tail = f"{len(value):064x}" + value.ljust(-(-len(value) // 32) * 32, b"\0").hex()
        else:
            words += f"{value:064x}"
    listed = '","'.join(topics)
    return f'"topics":["{listed}"],"data":"0x{words}{tail}"'
