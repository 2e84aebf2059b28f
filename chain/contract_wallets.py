"""
Ask whether a wallet that is a contract stands behind a signature (ERC-1271), or would once it is deployed (ERC-6492).

    the chain the message names     must accept
    any other chain of ours         must accept too where there is code at the address, for the same address may be
                                    somebody else's contract there

How to ask is the business of `signinwithethereum`. That what it asks stays small is ours: each call has a limit of
gas, of time and of bytes, and goes to the endpoints named and nowhere else. One endpoint could lie, so where there are
several two must agree.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from eth_account.messages import encode_defunct
from siwe import VerificationError  # type: ignore[import-untyped]  # It has annotations, but does not say so.
from siwe.siwe import check_contract_wallet_signature  # type: ignore[import-untyped]  # As above.
from web3 import Web3
from web3.exceptions import Web3Exception
from web3.providers.base import JSONBaseProvider
from web3.types import RPCEndpoint, RPCResponse

from chain.errors import AskAnother, RpcError, TryAgain, family_of
from chain.transport import HttpTransport
from models.values import checksum_address

GAS_MAX = 5_000_000
"""What checking a signature may use; deploying a wallet for it is the dearest part."""

CALL_SECONDS_MAX = 5.0
ANSWER_BYTES_MAX = 64 * 1024
WITNESSES = 2
AT_ONCE = 4
"""How many signatures are asked about at the same time; the rest wait."""

NO_ANSWER = (RpcError, Web3Exception, ValueError)
"""What it looks like when an endpoint does not answer, or not sensibly."""


class ContractWallets:
    """The contracts on our chains, given as the URLs of each chain's endpoints by its id."""

    def __init__(self, endpoints: Mapping[int, Sequence[str]], transport: HttpTransport) -> None:
        self._endpoints = endpoints
        self._transport = transport
        self._turns = asyncio.Semaphore(AT_ONCE)

    @classmethod
    @asynccontextmanager
    async def connected(cls, endpoints: Mapping[int, Sequence[str]]) -> AsyncIterator["ContractWallets"]:
        """Keep connections for as long as the block lasts."""
        async with HttpTransport(timeout_seconds=CALL_SECONDS_MAX, answer_bytes_max=ANSWER_BYTES_MAX) as transport:
            yield cls(endpoints, transport)

    async def accept(self, address: bytes, text: str, signature: str, *, chain_id: int) -> bool:
        """Say whether the contract accepts a signature of a text. Raises `TryAgain` when too few endpoints say so."""
        async with self._turns:
            loop = asyncio.get_running_loop()
            return await asyncio.to_thread(self._accept, loop, checksum_address(address), text, signature, chain_id)

    def _accept(
        self, loop: asyncio.AbstractEventLoop, address: str, text: str, signature: str, named_chain: int
    ) -> bool:
        # The chain that the message names comes first: most that is no signature ends there.
        for chain_id in sorted(self._endpoints, key=lambda each: each != named_chain):
            may_be_missing = chain_id != named_chain
            if not self._all_say_yes(loop, address, text, signature, chain_id, may_be_missing=may_be_missing):
                return False
        return True

    def _all_say_yes(
        self,
        loop: asyncio.AbstractEventLoop,
        address: str,
        text: str,
        signature: str,
        chain_id: int,
        *,
        may_be_missing: bool,
    ) -> bool:
        urls = self._endpoints[chain_id]
        wanted = min(WITNESSES, len(urls))
        trouble = "none is known"
        for url in urls:
            web3 = Web3(_BoundedProvider(url, self._transport, loop))
            try:
                if not (may_be_missing and _is_missing(web3, address, chain_id)) and not _accepts(
                    web3, address, text, signature, chain_id
                ):
                    return False
            except NO_ANSWER as error:
                trouble = f"{type(error).__name__}: {error}"
                continue
            wanted -= 1
            if not wanted:
                return True
        raise TryAgain(f"too few endpoints of chain {chain_id} answered: {trouble}")


def _accepts(web3: Web3, address: str, text: str, signature: str, chain_id: int) -> bool:
    try:
        return bool(check_contract_wallet_signature(address, encode_defunct(text=text), signature, chain_id, web3))
    except VerificationError as error:
        # Not about the signature: the endpoint does not tell its chain id, or it is another one.
        raise TryAgain(str(error)) from error


def _is_missing(web3: Web3, address: str, chain_id: int) -> bool:
    if web3.eth.chain_id != chain_id:
        raise TryAgain(f"the endpoint is not of chain {chain_id}")
    return not web3.eth.get_code(Web3.to_checksum_address(address))


class _BoundedProvider(JSONBaseProvider):
    """One endpoint, asked from a thread over connections of the event loop; what a call may use is limited."""

    # A contract must not be able to send us to a URL of its choice.
    global_ccip_read_enabled = False

    def __init__(self, url: str, transport: HttpTransport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._url = url
        self._transport = transport
        self._loop = loop

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        """Send one request and return the answer as it came."""
        if method == "eth_call":
            call, *rest = params
            params = [{**call, "gas": hex(GAS_MAX)}, *rest]
        posted = self._transport.post(self._url, self.encode_rpc_request(method, params))
        answer = self.decode_rpc_response(asyncio.run_coroutine_threadsafe(posted, self._loop).result().body)
        if "error" not in answer and not isinstance(answer.get("result"), str):
            raise TryAgain(f"{method} was answered with neither bytes nor an error")
        if "error" in answer:
            # That the endpoint is busy must not be taken for the contract's no.
            family = family_of(str(answer["error"]))
            if isinstance(family, TryAgain | AskAnother):
                raise family
        return answer
