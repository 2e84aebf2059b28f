"""
Verify the signatures of wallets that are contracts: the one thing that the API asks of the chains.

Without endpoints of both chains nobody can be asked, and whoever signs in with such a wallet is told so.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from chain.contract_wallets import ContractWallets
from chain.errors import RpcError
from graphql_api.errors import SignInRefused, Unavailable
from models.values import checksum_address
from runtime.settings import AccountSettings

logger = structlog.get_logger()


class WalletCheck:
    """The contracts that people may sign in with, where there are chains to ask."""

    def __init__(self, wallets: ContractWallets | None) -> None:
        self._wallets = wallets

    async def check(self, address: bytes, text: str, signature: str, *, chain_id: int) -> None:
        """Return when the contract at an address accepts a signature. Raises `SignInRefused` and `Unavailable`."""
        shown = checksum_address(address)
        if self._wallets is None:
            raise SignInRefused(
                f"the signature is not that of {shown} for this message; if {shown} is a contract, it cannot sign in "
                "here: settings BSC_RPC_URL and OPBNB_RPC_URL would say where to ask it"
            )
        try:
            accepted = await self._wallets.accept(address, text, signature, chain_id=chain_id)
        except RpcError as error:
            logger.warning("sign_in.wallet_not_asked", address=shown, chain_id=chain_id, reason=str(error))
            raise Unavailable("the wallet's chain cannot be asked now: try again in a moment") from error
        if not accepted:
            raise SignInRefused(
                f"the signature is not that of {shown} for this message, and no contract at {shown} accepts it"
            )


@asynccontextmanager
async def wallet_check(accounts: AccountSettings) -> AsyncIterator[WalletCheck]:
    """Be ready to ask the chains for as long as the block lasts, where settings say how."""
    if accounts.bsc_rpc_url is None or accounts.opbnb_rpc_url is None:
        yield WalletCheck(None)
        return
    endpoints = {accounts.bsc_chain_id: accounts.bsc_rpc_url, accounts.opbnb_chain_id: accounts.opbnb_rpc_url}
    async with ContractWallets.connected(endpoints) as wallets:
        yield WalletCheck(wallets)
