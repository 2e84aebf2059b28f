"""
Our account's hand on opBNB: what the chain has seen from it, and signed transactions sent.

Reads and sends, and decides nothing; `settle` does. Sending never raises for what the endpoint says of a transaction:
that comes back as an `Answer`. What depends on a block is asked by the hash of a block of our own index, so that an
endpoint on another branch, or of another chain, has no answer instead of a wrong one. What is final is asked of all.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import Any, TypeVar

from chain.abi import FUNCTIONS_BY_CONTRACT
from chain.calls import Call, header
from chain.endpoint import Endpoint
from chain.errors import RpcError, RunReverted, TryAgain
from chain.reverts import refusal_in
from chain.rpc import Rpc
from chain.sending import Answer, answer_of
from chain.signer import Signed, Signer, Transaction
from chain.wire import Header, Mined, Number, Sent
from dispatch.credit_values import Account, Kind, Receipt
from models.values import BlockId, Fees, show_bytes

Said = TypeVar("Said")

PRIORITY_FEE_MIN_WEI = 1001
BASE_FEE_MIN_WEI = 8
GAS_MARGIN = 30_000
"""More than a provider's first credit costs beyond a later one: a reorg may make of the one the other."""

RELEASE_GAS = 21_000
L1_FEES = bytes.fromhex("420000000000000000000000000000000000000f")
"""Where a rollup tells what it costs to post a transaction on its L1; elsewhere nothing is there."""

L1_FEE_OF = bytes.fromhex("49948e0e")
OWNER = FUNCTIONS_BY_CONTRACT["NodeReputation"]["owner"].selector
NOT_OURS = "OwnableUnauthorizedAccount"


class CreditRefused(Exception):
    """The contract would not credit this provider now; no nonce was spent to learn it."""


class SignerRefused(Exception):
    """The contract takes no credit from us at all; no nonce was spent to learn it."""


class ChainWriter:
    """One signer on one `NodeReputation`."""

    def __init__(self, rpc: Rpc, signer: Signer, *, chain_id: int, contract: bytes) -> None:
        self._rpc = rpc
        self._signer = signer
        self._chain_id = chain_id
        self._contract = contract

    async def account(self, head: BlockId, *, everywhere: bool) -> Account:
        """
        Return our account as of a block of our index, and with what waits in the pool; none of it is final.

        What waits is what the endpoint knows that is asked, or any of them, where `everywhere`.
        """
        ours = show_bytes(self._signer.address)
        calls: list[Call[Any]] = [
            Call("eth_getTransactionCount", (ours, _at(head)), Number),
            Call("eth_getTransactionCount", (ours, "pending"), Number),
            Call("eth_gasPrice", (), Number),
            Call("eth_maxPriorityFeePerGas", (), Number),
            Call("eth_getBalance", (ours, "latest"), Number),
            Call("eth_blockNumber", (), Number),
        ]
        latest, pending, price, tip, balance, height = [_number(answer) for answer in await self._rpc.batch(calls)]
        if everywhere:
            pending = max([pending, *[count async for count in self._pending(ours)]])
        priority = max(PRIORITY_FEE_MIN_WEI, tip)
        fees = Fees(max_wei=2 * max(BASE_FEE_MIN_WEI, price) + priority, priority_wei=priority)
        return Account(
            height=height,
            final=0,
            latest=latest,
            pending=max(pending, latest),
            fees=fees,
            price_wei=price,
            balance_wei=balance,
        )

    async def _pending(self, ours: str) -> AsyncIterator[int]:
        """Yield how many transactions of ours each endpoint knows that can be asked: each has a pool of its own."""
        for endpoint in self._rpc.to_ask():
            try:
                (count,) = await endpoint.batch([Call("eth_getTransactionCount", (ours, "pending"), Number)])
            except RpcError:
                continue
            yield _number(count)

    async def is_canonical(self, block: BlockId, *, final: int) -> bool:
        """Say whether the chain, final through a block, has this very block at its height."""
        (found,) = await self._agreed(final, [header(block.number)], _hash)
        return found == block.hash

    async def receipts(self, hashes: Iterable[bytes], *, final: int) -> dict[bytes, Receipt]:
        """Return the receipts of those transactions that are mined, in blocks of the chain up to the final one."""
        wanted = list(hashes)
        calls = [Call("eth_getTransactionReceipt", (show_bytes(each),), Mined | None) for each in wanted]  # type: ignore[arg-type]  # A union is a type to msgspec.
        said = await self._agreed(final, calls, lambda answer: _receipt(answer, final=final))
        found = {each: receipt for each, receipt in zip(wanted, said, strict=True) if receipt is not None}
        blocks = {receipt.block for receipt in found.values()}
        canonical = {block for block in blocks if await self.is_canonical(block, final=final)}
        return {each: receipt for each, receipt in found.items() if receipt.block in canonical}

    async def own_nonces(self, hashes: Iterable[bytes], *, final: int) -> set[int]:
        """Return the nonces of those final transactions that our account has sent."""
        calls = [Call("eth_getTransactionByHash", (show_bytes(each),), Sent | None) for each in hashes]  # type: ignore[arg-type]  # As above.
        senders = [each for each in await self._agreed(final, calls, _sender) if each is not None]
        return {nonce for sender, nonce in senders if sender == self._signer.address}

    async def dry_run(self, provider: bytes, *, head: BlockId) -> tuple[int, int]:
        """
        Return the gas that a credit needs now, and how often the contract had credited the provider by our head.

        Fees are left out: whether we can pay, and whether the price is right, is not the contract's question.

        Raises `CreditRefused` when the contract refuses this one, `SignerRefused` when it refuses us.
        """
        call = {
            "from": show_bytes(self._signer.address),
            "to": show_bytes(self._contract),
            "data": show_bytes(_credit(provider)),
        }
        counted = {"to": show_bytes(self._contract), "data": show_bytes(_count(provider))}
        owner = {"to": show_bytes(self._contract), "data": show_bytes(OWNER)}
        try:
            # Not as of the pending block: there our own transaction, which this one may replace, has been run already.
            gas, count, owned_by = await self._rpc.batch(
                [
                    Call("eth_estimateGas", (call, "latest"), Number),
                    Call("eth_call", (counted, _at(head)), Number),
                    Call("eth_call", (owner, _at(head)), Number),
                ]
            )
        except RunReverted as error:
            reason = refusal_in(str(error))
            raise (SignerRefused if NOT_OURS in reason else CreditRefused)(reason) from error
        if _number(owned_by) != int.from_bytes(self._signer.address):
            # Who owned it until then may have credited in the blocks that our index still lacks.
            raise SignerRefused(f"{NOT_OURS}: the contract is not ours yet at block {head.number} of our index")
        return _number(gas), _number(count)

    async def l1_fee_wei(self, raw: bytes) -> int:
        """Return what the rollup charges beside the gas for posting a transaction on its L1."""
        padded = raw + bytes(-len(raw) % 32)
        data = L1_FEE_OF + (32).to_bytes(32) + len(raw).to_bytes(32) + padded
        call = {"to": show_bytes(L1_FEES), "data": show_bytes(data)}
        return _number(await self._rpc.ask(Call("eth_call", (call, "latest"), Number)))

    def sign(self, kind: Kind, provider: bytes, *, nonce: int, gas: int, fees: Fees) -> Signed:
        """Return a signed credit of the provider, or a release that transfers nothing to ourselves."""
        is_credit = kind is Kind.CREDIT
        return self._signer.sign(
            Transaction(
                chain_id=self._chain_id,
                nonce=nonce,
                to=self._contract if is_credit else self._signer.address,
                data=_credit(provider) if is_credit else b"",
                gas=gas,
                fees=fees,
            )
        )

    async def send(self, raw: bytes) -> Answer:
        """Hand signed bytes to the endpoint and return what it made of them."""
        try:
            await self._rpc.ask(Call("eth_sendRawTransaction", (show_bytes(raw),), str))
        except RpcError as error:
            return answer_of(str(error))
        return Answer.TAKEN

    async def _agreed(self, final: int, calls: Sequence[Call[Any]], read: Callable[[Any], Said]) -> list[Said]:
        """
        Return what all endpoints say that have our final block; what one that stands still does not know may be there.

        Raises `TryAgain` where they differ: a nonce that one of them calls spent in vain may be about to credit.
        """
        if not calls:
            return []
        # Asked in one batch, it is one node that says both.
        asked = [header(final), *calls]
        heard = [(each, await _heard(each, asked)) for each in self._rpc.to_ask()]
        said = [
            (endpoint.name, [read(answer) for answer in answers[1:]])
            for endpoint, answers in heard
            if not isinstance(answers, RpcError) and answers[0] is not None
        ]
        if not said:
            failures = (answers for _, answers in heard if isinstance(answers, RpcError))
            raise next(failures, TryAgain(f"no endpoint has final block {final}, or can be asked now"))
        name, first = said[0]
        if other := next((other for other, answers in said if answers != first), None):
            raise TryAgain(f"{name} and {other} do not say the same of our transactions: one of them must go")
        return first


async def _heard(endpoint: Endpoint, calls: Sequence[Call[Any]]) -> list[Any] | RpcError:
    try:
        return await endpoint.batch(calls)
    except RpcError as error:
        return error


def _hash(answer: Header | None) -> bytes | None:
    return None if answer is None else answer.hash_bytes


def _receipt(answer: Mined | None, *, final: int) -> Receipt | None:
    # Of newer blocks one endpoint may know and another not.
    if answer is None or _number(answer.block_number) > final:
        return None
    block = BlockId(number=_number(answer.block_number), hash=_bytes(answer.block_hash))
    return Receipt(block=block, succeeded=_number(answer.status) == 1)


def _sender(answer: Sent | None) -> tuple[bytes, int] | None:
    return None if answer is None else (_bytes(answer.sender), _number(answer.nonce))


def _credit(provider: bytes) -> bytes:
    return FUNCTIONS_BY_CONTRACT["NodeReputation"]["incrementJobs"].selector + provider.rjust(32, b"\0")


def _count(provider: bytes) -> bytes:
    return FUNCTIONS_BY_CONTRACT["NodeReputation"]["successfulJobsCount"].selector + provider.rjust(32, b"\0")


def _at(block: BlockId) -> dict[str, str]:
    return {"blockHash": show_bytes(block.hash)}


def _number(answer: str) -> int:
    return 0 if answer == "0x" else int(answer, 16)


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))
