"""The blocks and logs of a ledger as an endpoint writes them: the same bytes each time."""

from benchmarks.ingest.pages import bloom, content
from benchmarks.ingest.workload import CONTRACTS
from models.values import Chain
from tests.synthetic.ledger import Ledger

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
        f'"timestamp":"{BEGAN_AT + number:#x}","logsBloom":"{bloom(ledger.chain, names).decode()}","transactions":[]}}'
    )


def logs(ledger: Ledger, number: int) -> list[str]:
    """Return the logs of a block, each as JSON."""
    address, of_block = "0x" + CONTRACTS[ledger.chain].hex(), block_hash(ledger.chain, number)
    return [
        f'{{"address":"{address}",{content(event)},"blockNumber":"{number:#x}","blockHash":"{of_block}",'
        f'"transactionHash":"{transaction_hash(number, index)}","transactionIndex":"0x0",'
        f'"logIndex":"{index:#x}","removed":false}}'
        for index, event in enumerate(ledger.events(number))
    ]
