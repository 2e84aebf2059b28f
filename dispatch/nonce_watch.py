"""
Watch how many transactions of an account are final.

Nobody can be asked: endpoints have forgotten the state at the final block by the time it is final. So the count is
noted as of our newest block whenever it has grown, and is final once that block is, if the chain still has it.
"""

from dataclasses import replace

from dispatch import settle
from dispatch.chain_writer import ChainWriter
from dispatch.credit_values import Account, Sighting
from models.values import BlockId


class NonceWatch:
    """One account, watched for as long as a signer steps."""

    def __init__(self, writer: ChainWriter) -> None:
        self._writer = writer
        self._final = 0
        self._sightings: list[Sighting] = []

    async def account(self, head: BlockId, final_block: int, *, everywhere: bool) -> Account:
        """Return the account as of our newest block, with how many of its transactions are final."""
        account = await self._writer.account(head, everywhere=everywhere)
        # A rewind takes back what was seen above it.
        self._sightings = [each for each in self._sightings if each.block.number < head.number]
        seen = self._sightings[-1].count if self._sightings else self._final
        if account.latest != seen:
            self._sightings.append(Sighting(block=head, count=account.latest))
        await self._finalize(final_block)
        return replace(account, final=self._final)

    async def _finalize(self, final_block: int) -> None:
        while (newest := settle.final_count(self._sightings, final_block)) is not None:
            if not await self._writer.is_canonical(newest.block, final=final_block):
                self._sightings.remove(newest)
                continue
            self._final = max(self._final, newest.count)
            self._sightings = [each for each in self._sightings if each.block.number > newest.block.number]
