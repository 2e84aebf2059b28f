"""
Our account's hand on opBNB: what the chain has seen from it, and signed transactions sent.

Reads and sends, and decides nothing; `settle` does. Sending never raises for what the endpoint says of a transaction:
that comes back as an `Answer`.
"""

from collections.abc import Iterable
from typing import Any

from chain.abi import FUNCTIONS_BY_CONTRACT
from chain.calls import Call
from chain.errors import RpcError, TryAgain
from chain.rpc import Rpc
from chain.sending import Answer, answer_of
from chain.signer import Signed, Signer, Transaction
from dispatch.credit_values import Account, Receipt
from models.values import Fees, show_bytes

PRIORITY_FEE_MIN_WEI = 1001
BASE_FEE_MIN_WEI = 8
GAS_MARGIN = 30_000
"""More than a provider's first credit costs beyond a later one: a reorg may make of the one the other."""


class DryRunFailed(Exception):
    """The credit would not go through now; no nonce was spent to learn it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ChainWriter:
    """One signer on one `NodeReputation`."""

    def __init__(self, rpc: Rpc, signer: Signer, *, chain_id: int, contract: bytes) -> None:
        self._rpc = rpc
        self._signer = signer
        self._chain_id = chain_id
        self._contract = contract

    async def account(self, *, final_block: int) -> Account:
        """Return our account as of the final block given, the newest, and the pool."""
        ours = show_bytes(self._signer.address)
        calls: list[Call[Any]] = [
            Call("eth_getTransactionCount", (ours, hex(final_block)), str),
            Call("eth_getTransactionCount", (ours, "latest"), str),
            Call("eth_getTransactionCount", (ours, "pending"), str),
            Call("eth_gasPrice", (), str),
            Call("eth_maxPriorityFeePerGas", (), str),
        ]
        final, latest, pending, price, tip = [int(answer, 16) for answer in await self._rpc.batch(calls)]
        priority = max(PRIORITY_FEE_MIN_WEI, tip)
        fees = Fees(max_wei=2 * max(BASE_FEE_MIN_WEI, price) + priority, priority_wei=priority)
        return Account(final=final, latest=latest, pending=max(pending, latest), fees=fees)

    async def receipts(self, hashes: Iterable[bytes]) -> dict[bytes, Receipt]:
        """Return the receipts of those transactions that are mined."""
        wanted = list(hashes)
        calls = [Call("eth_getTransactionReceipt", (show_bytes(each),), dict[str, Any] | None) for each in wanted]  # type: ignore[arg-type]  # A union is a type to msgspec.
        found = await self._rpc.batch(calls) if calls else []
        return {
            each: Receipt(block_number=int(answer["blockNumber"], 16), succeeded=int(answer["status"], 16) == 1)
            for each, answer in zip(wanted, found, strict=True)
            if answer is not None
        }

    async def sign(self, provider: bytes, *, nonce: int, fees: Fees) -> Signed:
        """
        Return a signed `incrementJobs(provider)`, once a dry run says that it would go through.

        Raises `DryRunFailed` when it would not: we are not the owner, or cannot pay.
        """
        data = FUNCTIONS_BY_CONTRACT["NodeReputation"]["incrementJobs"].selector + provider.rjust(32, b"\0")
        gas = await self._dry_run(data, fees)
        return self._signer.sign(
            Transaction(
                chain_id=self._chain_id, nonce=nonce, to=self._contract, data=data, gas=gas + GAS_MARGIN, fees=fees
            )
        )

    async def send(self, raw: bytes) -> Answer:
        """Hand signed bytes to the endpoint and return what it made of them."""
        try:
            await self._rpc.ask(Call("eth_sendRawTransaction", (show_bytes(raw),), str))
        except RpcError as error:
            return answer_of(str(error))
        return Answer.TAKEN

    async def _dry_run(self, data: bytes, fees: Fees) -> int:
        call = {
            "from": show_bytes(self._signer.address),
            "to": show_bytes(self._contract),
            "data": show_bytes(data),
            "maxFeePerGas": hex(fees.max_wei),
            "maxPriorityFeePerGas": hex(fees.priority_wei),
        }
        try:
            # Not as of the pending block: there our own transaction, which this one may replace, has been run already.
            return int(await self._rpc.ask(Call("eth_estimateGas", (call, "latest"), str)), 16)
        except TryAgain:
            raise
        except RpcError as error:
            raise DryRunFailed(str(error)) from error
