"""The blocks and logs of a ledger as an endpoint writes them: the same bytes each time."""

from functools import lru_cache

from eth_hash.auto import keccak

from chain.abi import EVENTS_BY_NAME
from models.values import Chain
from tests.synthetic.ledger import Event, Ledger

CONTRACTS = {Chain.BSC: b"\xb5" * 20, Chain.OPBNB: b"\x0b" * 20}
BEGAN_AT = 1_700_000_000
MARKS = {Chain.BSC: "56", Chain.OPBNB: "cc"}


def block_hash(chain: Chain, number: int) -> str:
    """Return the hash of a block; a mark keeps the two chains apart."""
    return f"0x{MARKS[chain]}{number:062x}"


def transaction_hash(number: int, index: int) -> str:
    """Return the hash of the transaction that emitted a log."""
    return f"0x{number:032x}{index:032x}"


def header(ledger: Ledger, number: int) -> str:
    """Return a header as JSON."""
    parent = block_hash(ledger.chain, number - 1) if number else "0x" + "0" * 64
    names = frozenset(name for name, _ in ledger.events(number))
    return (
        f'{{"number":"{number:#x}","hash":"{block_hash(ledger.chain, number)}","parentHash":"{parent}",'
        f'"timestamp":"{BEGAN_AT + number:#x}","logsBloom":"{bloom(ledger.chain, names)}","transactions":[]}}'
    )


def logs(ledger: Ledger, number: int) -> list[str]:
    """Return the logs of a block, each as JSON."""
    address, of_block = "0x" + CONTRACTS[ledger.chain].hex(), block_hash(ledger.chain, number)
    return [
        f'{{"address":"{address}",{_content(event)},"blockNumber":"{number:#x}","blockHash":"{of_block}",'
        f'"transactionHash":"{transaction_hash(number, index)}","transactionIndex":"0x0",'
        f'"logIndex":"{index:#x}","removed":false}}'
        for index, event in enumerate(ledger.events(number))
    ]


@lru_cache
def bloom(chain: Chain, names: frozenset[str]) -> str:
    """Return the bloom of a block with these events: of contract and first topics only, which are what is asked for."""
    values = [EVENTS_BY_NAME[name].topic0_bytes for name in names] + ([CONTRACTS[chain]] if names else [])
    bits = {int.from_bytes(keccak(value)[at : at + 2]) & 2047 for value in values for at in (0, 2, 4)}
    return f"{sum(1 << bit for bit in bits):#0514x}"


def _content(event: Event) -> str:
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
