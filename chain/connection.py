"""
One chain's endpoint as web3 speaks to it, for contract calls and transactions.

What web3, aiohttp and the endpoint complain about comes out as our families of errors, so that no caller catches
theirs. Reading blocks and logs in bulk is left to `rpc`.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Self
from urllib.parse import urlsplit

import aiohttp
from hexbytes import HexBytes
from web3 import AsyncWeb3
from web3.exceptions import BadFunctionCallOutput, BadResponseFormat, ContractLogicError, TimeExhausted, Web3RPCError

from chain.errors import Refused, TryAgain, family_of
from chain.http_provider import HttpProvider
from chain.reverts import reason_of
from models.values import checksum_address, parse_address, show_bytes

POLL_SECONDS = 0.1

UNREACHABLE = (aiohttp.ClientError, TimeoutError, OSError, BadResponseFormat, json.JSONDecodeError, UnicodeDecodeError)
"""What it looks like when there is no answer, or none that is JSON-RPC."""

At = int | Literal["latest", "safe", "finalized"]
"""The block that a question is about."""


class Reverted(Refused):
    """A contract said no; `reason` is what it said."""

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class NotMined(TryAgain):
    """No block has taken the transaction within the time given. It may still be taken: ask for the receipt again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Where a transaction that did what it was sent for was mined, and the contract it created, if it did."""

    transaction_hash: bytes
    block_number: int
    contract: bytes | None


class Connection:
    """A web3 endpoint. Use as an async context manager."""

    def __init__(self, url: str, *, timeout_seconds: float = 10.0) -> None:
        place = urlsplit(url)
        self.where = f"{place.hostname}:{place.port}" if place.port else str(place.hostname)
        self._provider = HttpProvider(url, timeout_seconds=timeout_seconds)
        self.web3 = AsyncWeb3(self._provider)

    async def __aenter__(self) -> Self:
        await self._provider.connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._provider.disconnect()

    async def call(self, contract: bytes, data: bytes, *, at: At = "latest") -> bytes:
        """Return what a contract answers to a call that changes nothing. Raises `Reverted`."""
        with self.errors():
            return bytes(await self.web3.eth.call({"to": checksum_address(contract), "data": HexBytes(data)}, at))

    async def receipt(self, transaction_hash: bytes, *, timeout_seconds: float = 30.0) -> Receipt:
        """Wait until a transaction is mined and return where. Raises `NotMined` and `Reverted`."""
        with self.errors():
            found = await self.web3.eth.wait_for_transaction_receipt(
                HexBytes(transaction_hash), timeout_seconds, POLL_SECONDS
            )
        if found["status"] != 1:
            what = f"transaction {show_bytes(transaction_hash)} in block {found['blockNumber']}"
            raise Reverted(f"{self.where}: {what} was reverted", "reverted when mined")
        contract = found["contractAddress"]
        return Receipt(
            transaction_hash=transaction_hash,
            block_number=found["blockNumber"],
            contract=parse_address(contract) if contract else None,
        )

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turn what web3 raises inside of the block into our families."""
        try:
            yield
        except ContractLogicError as error:
            reason = reason_of(error)
            raise Reverted(f"{self.where}: the contract refused: {reason}", reason) from error
        except BadFunctionCallOutput as error:
            raise Refused(f"{self.where}: no such contract there, or another ABI: {error}") from error
        except TimeExhausted as error:
            raise NotMined(f"{self.where}: {error}") from error
        except Web3RPCError as error:
            raise family_of(f"{self.where}: {error.message}") from error
        except UNREACHABLE as error:
            raise TryAgain(f"{self.where}: {type(error).__name__} {error}".rstrip()) from error
