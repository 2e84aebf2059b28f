"""
Sign transactions with one account's key and hand them to one chain.

The nonce is asked for under a lock and the transaction sent before the lock is released, so transactions of one
wallet never share a nonce; one wallet per account and chain, then. Nothing is remembered between sends: keeping an
intent alive through crashes and raising its fees is left to the reputation reactor.
"""

import asyncio

from eth_account import Account
from web3.types import TxParams, Wei

from chain.connection import Connection
from models.values import Fees, checksum_address, parse_address

PRIORITY_FEE_MIN_WEI = 1001
"""What opBNB asks for at least; BSC and local chains ask for more or nothing."""


class Wallet:
    """One account on one chain."""

    def __init__(self, connection: Connection, private_key: bytes) -> None:
        self.connection = connection
        self._eth = connection.web3.eth
        self._account = Account.from_key(private_key)
        self._lock = asyncio.Lock()
        self._chain_id: int | None = None

    @property
    def address(self) -> bytes:
        """Return the account's address."""
        return parse_address(self._account.address)

    async def balance_wei(self) -> int:
        """Return what the account holds at the newest block."""
        with self.connection.errors():
            return await self._eth.get_balance(self._account.address)

    async def send(self, *, to: bytes | None, data: bytes = b"", value_wei: int = 0) -> bytes:
        """
        Sign and send one transaction and return its hash; `to` None creates a contract.

        Raises `Reverted`, and sends nothing, when the contract would refuse. A `TryAgain` leaves open whether the
        transaction was taken.
        """
        with self.connection.errors():
            draft = await self._draft(to=to, data=data, value_wei=value_wei)
            async with self._lock:
                nonce = await self._eth.get_transaction_count(self._account.address, "pending")
                signed = self._account.sign_transaction({**draft, "nonce": nonce})
                await self._eth.send_raw_transaction(signed.raw_transaction)
        return bytes(signed.hash)

    async def _draft(self, *, to: bytes | None, data: bytes, value_wei: int) -> TxParams:
        """Return the transaction with everything but its nonce."""
        call: TxParams = {"from": self._account.address, "data": data, "value": Wei(value_wei)}
        if to is not None:
            call["to"] = checksum_address(to)
        gas, fees, chain_id = await asyncio.gather(self._eth.estimate_gas(call), self._fees(), self._chain())
        return {
            **call,
            "chainId": chain_id,
            # A block may come between the estimate and the transaction, and change what it has to do.
            "gas": gas + gas // 5,
            "maxPriorityFeePerGas": Wei(fees.priority_wei),
            "maxFeePerGas": Wei(fees.max_wei),
        }

    async def _fees(self) -> Fees:
        """Return fees that hold while the base fee doubles."""
        # Not from the newest header: BSC's extraData is longer than web3 accepts.
        history, tip = await asyncio.gather(self._eth.fee_history(1, "latest"), self._eth.max_priority_fee)
        priority = max(PRIORITY_FEE_MIN_WEI, tip)
        return Fees(priority_wei=priority, max_wei=2 * history["baseFeePerGas"][-1] + priority)

    async def _chain(self) -> int:
        if self._chain_id is None:
            self._chain_id = await self._eth.chain_id
        return self._chain_id
