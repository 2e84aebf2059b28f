"""What an honest node of a chain with accounts answers beside blocks and logs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from models.values import show_bytes
from tests.simulation import texts
from tests.simulation.blockchain import Block, Json
from tests.simulation.effects.account_chain import AccountChain
from tests.simulation.effects.ledger import GAS_OF_TRANSFER, L1_FEE, Ledger, Mined, reverts
from tests.simulation.effects.pool import TIP_MIN, Pool
from tests.simulation.effects.transactions import INCREMENT_JOBS, SignedTransaction, decode
from tests.simulation.nodes import Node, Refusal

L1_ORACLE: Final = "0x420000000000000000000000000000000000000f"
OWNER, COUNT_OF = "0x8da5cb5b", "0x3c097e3e"
REVERTED: Final = 3


@dataclass(frozen=True, slots=True)
class AccountNode(Node):
    """One node at one moment, with its own pool; `state_blocks` is how far back it knows accounts."""

    pool: Pool
    state_blocks: int
    has_l1_fee: bool

    @property
    def accounts(self) -> AccountChain:
        assert isinstance(self.chain, AccountChain), "only opBNB has accounts here"
        return self.chain

    @property
    def newest(self) -> Ledger:
        """The accounts at this node's head."""
        return self.accounts.ledger(self.view.head)

    def answer(self, method: str, parameters: list[Any]) -> Any:
        known = OF_ACCOUNTS.get(method)
        # Not super(): a dataclass with slots is another class than the one written here.
        return known(self, *parameters) if known else Node.answer(self, method, parameters)

    def transaction_count(self, address: str, at: Any) -> str:
        """Answer `eth_getTransactionCount`."""
        account = bytes.fromhex(address[2:])
        if at == "pending":
            return hex(self.pool.next_nonce(account, self.newest))
        return hex(self._ledger(at).nonce(account))

    def balance(self, address: str, at: Any = "latest") -> str:
        """Answer `eth_getBalance`."""
        return hex(self._ledger(at).balance(bytes.fromhex(address[2:])))

    def estimate(self, call: Json, at: Any = "latest", *_: Any) -> str:
        """Answer `eth_estimateGas`."""
        return hex(self._dry_run(call, self._ledger(at)))

    def call(self, call: Json, at: Any = "latest", *_: Any) -> str:
        """Answer `eth_call`."""
        ledger, data = self._ledger(at), call.get("data") or call.get("input") or "0x"
        if call["to"].lower() == L1_ORACLE:
            return _word(L1_FEE) if self.has_l1_fee else "0x"
        if call["to"].lower() != show_bytes(self.chain.contract):
            return "0x"
        if data[:10] == OWNER:
            return _word(int.from_bytes(ledger.law.owner, "big"))
        if data[:10] == COUNT_OF:
            return _word(ledger.counts.get(bytes.fromhex(data[34:74]), 0))
        self._dry_run(call, ledger)
        return "0x"

    def receipt(self, transaction_hash: str) -> Json | None:
        """Answer `eth_getTransactionReceipt`."""
        found = self._found(bytes.fromhex(transaction_hash[2:]))
        return _receipt(*found) if found else None

    def transaction(self, transaction_hash: str) -> Json | None:
        """Answer `eth_getTransactionByHash`: mined, or waiting in this node's pool."""
        wanted = bytes.fromhex(transaction_hash[2:])
        found = self._found(wanted)
        if found:
            block, mined, index = found
            where = {"blockHash": show_bytes(block.hash), "blockNumber": hex(block.number)}
            return _wire(mined.transaction) | where | {"transactionIndex": hex(index)}
        waiting = self.pool.find(wanted)
        nowhere = {"blockHash": None, "blockNumber": None, "transactionIndex": None}
        return _wire(waiting) | nowhere if waiting else None

    def send(self, raw: str) -> str:
        """Answer `eth_sendRawTransaction`."""
        transaction = decode(bytes.fromhex(raw[2:]))
        if transaction.chain_id != 204:
            raise Refusal("invalid sender")
        self.pool.add(transaction, self.newest)
        return show_bytes(transaction.hash)

    def price(self) -> str:
        """Answer `eth_gasPrice`."""
        return hex(self.newest.law.base_fee + TIP_MIN)

    def _dry_run(self, call: Json, ledger: Ledger) -> int:
        sender = bytes.fromhex(call.get("from", "0x" + "00" * 20)[2:])
        data = bytes.fromhex((call.get("data") or call.get("input") or "0x")[2:])
        cap = int(str(call.get("maxFeePerGas") or call.get("gasPrice") or "0x0"), 16)
        if cap and cap < ledger.law.base_fee:
            who = f"address {show_bytes(sender)}, maxFeePerGas: {cap}, baseFee: {ledger.law.base_fee}"
            raise Refusal(f"err: max fee per gas less than block base fee: {who} (supplied gas 30000000)")
        if data[:4] != INCREMENT_JOBS:
            return GAS_OF_TRANSFER
        provider = data[16:36]
        if reason := reverts(ledger, sender, provider):
            raise Refusal("execution reverted", REVERTED, reason)
        gas = ledger.gas(provider)
        if cap and ledger.balance(sender) < gas * cap:
            have = f"have {ledger.balance(sender)} want {gas * cap}"
            raise Refusal(f"insufficient funds for gas * price + value: address {show_bytes(sender)} {have}")
        return gas

    def _ledger(self, at: Any) -> Ledger:
        if at == "pending":
            # As of the newest block: what waits in the pool has not been run.
            return self.newest
        block = self._hashed(at["blockHash"]) if isinstance(at, dict) else self._named(at)
        if block is None or self.view.at(block.number) is not block:
            raise Refusal("header not found")
        if block.number <= self.view.head.number - self.state_blocks:
            raise Refusal(texts.HISTORY_GONE[4])
        return self.accounts.ledger(block)

    def _found(self, transaction_hash: bytes) -> tuple[Block, Mined, int] | None:
        for block in self.accounts.mined_in.get(transaction_hash, ()):
            if self.view.at(block.number) is block:
                mined = self.accounts.ledger(block).mined
                index = next(at for at, each in enumerate(mined) if each.transaction.hash == transaction_hash)
                return block, mined[index], len(block.logs) + index
        return None


def _receipt(block: Block, mined: Mined, index: int) -> Json:
    logs = [] if mined.log_index is None else [block.wire_logs[mined.log_index]]
    return {
        "transactionHash": show_bytes(mined.transaction.hash),
        "transactionIndex": logs[0]["transactionIndex"] if logs else hex(index),
        "blockHash": show_bytes(block.hash),
        "blockNumber": hex(block.number),
        "from": show_bytes(mined.transaction.sender),
        "to": show_bytes(mined.transaction.to),
        "status": hex(mined.succeeded),
        "gasUsed": hex(mined.gas_used),
        "effectiveGasPrice": hex(mined.price),
        "logs": logs,
    }


def _wire(transaction: SignedTransaction) -> Json:
    return {
        "hash": show_bytes(transaction.hash),
        "type": "0x2",
        "from": show_bytes(transaction.sender),
        "to": show_bytes(transaction.to),
        "nonce": hex(transaction.nonce),
        "value": hex(transaction.value),
        "input": show_bytes(transaction.data),
        "gas": hex(transaction.gas),
        "maxFeePerGas": hex(transaction.max_fee),
        "maxPriorityFeePerGas": hex(transaction.priority_fee),
    }


def _word(number: int) -> str:
    return f"0x{number:064x}"


OF_ACCOUNTS: Final[Mapping[str, Callable[..., Any]]] = {
    "eth_getTransactionCount": AccountNode.transaction_count,
    "eth_getBalance": AccountNode.balance,
    "eth_estimateGas": AccountNode.estimate,
    "eth_call": AccountNode.call,
    "eth_getTransactionReceipt": AccountNode.receipt,
    "eth_getTransactionByHash": AccountNode.transaction,
    "eth_sendRawTransaction": AccountNode.send,
    "eth_blockNumber": lambda node: hex(node.view.head.number),
    "eth_gasPrice": AccountNode.price,
    "eth_maxPriorityFeePerGas": lambda _: hex(TIP_MIN),
}
