"""A wallet away from our programs: whoever has a key may use it, and be faster or slower than they are."""

from dataclasses import dataclass

from chain.signer import KeySigner, Transaction
from models.values import Fees, show_bytes
from tests.effects.marketplace import Marketplace
from tests.integration.local_chain import call_data

GWEI = 10**9
GAS = 200_000


@dataclass(frozen=True, slots=True)
class Wallet:
    """One key, on opBNB."""

    marketplace: Marketplace
    key: bytes

    @property
    def address(self) -> bytes:
        """The account."""
        return KeySigner(self.key).address

    async def mined(self) -> int:
        """Return how many transactions of the account are in blocks: the first nonce that may still be had."""
        count = await self.marketplace.world.opbnb.ask("eth_getTransactionCount", show_bytes(self.address), "latest")
        return int(count, 16)

    async def pay_in(self, wei: int) -> None:
        """Have the account hold so much."""
        await self.marketplace.world.opbnb.ask("anvil_setBalance", show_bytes(self.address), hex(wei))

    async def send_nothing(self, *, nonce: int, gwei: int) -> str:
        """Put a transfer of nothing to itself into the pool and return its hash."""
        return await self._send(self.address, b"", nonce=nonce, gwei=gwei)

    async def credit(self, provider: int, *, nonce: int, gwei: int) -> str:
        """Put an `incrementJobs` into the pool and return its hash."""
        whom = show_bytes(self.marketplace.market.provider(provider))
        return await self._call(call_data("incrementJobs(address)", whom), nonce=nonce, gwei=gwei)

    async def give_away(self, new_owner: bytes, *, nonce: int, gwei: int) -> str:
        """Put a `transferOwnership` into the pool and return its hash."""
        data = call_data("transferOwnership(address)", show_bytes(new_owner))
        return await self._call(data, nonce=nonce, gwei=gwei)

    async def _call(self, data: bytes, *, nonce: int, gwei: int) -> str:
        return await self._send(self.marketplace.world.node_reputation.contract, data, nonce=nonce, gwei=gwei)

    async def _send(self, to: bytes, data: bytes, *, nonce: int, gwei: int) -> str:
        fees = Fees(max_wei=gwei * GWEI, priority_wei=gwei * GWEI)
        transaction = Transaction(
            chain_id=self.marketplace.world.node_reputation.chain_id, nonce=nonce, to=to, data=data, gas=GAS, fees=fees
        )
        signed = KeySigner(self.key).sign(transaction)
        return str(await self.marketplace.world.opbnb.ask("eth_sendRawTransaction", show_bytes(signed.raw)))
