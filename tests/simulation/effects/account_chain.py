"""
A chain with accounts: transactions wait in pools, are mined, and lose their block in a reorg.

    endpoint's pool ──forwarded──► sequencer's pool ──► a block ──reorg──► back to a pool, or lost
          └───────────gossip───► other endpoints' pools

Only what the sequencer has is mined. What an endpoint took in may reach it late or never.
"""

import asyncio
from collections.abc import Sequence
from random import Random
from typing import Any, Final

from tests.simulation.blockchain import Block, Blockchain
from tests.simulation.effects.ledger import Law, Ledger, after
from tests.simulation.effects.pool import Pool, Rules
from tests.simulation.effects.transactions import SignedTransaction
from tests.simulation.events import Emission
from tests.simulation.nodes import Refusal

BASE_FEE: Final = 8
FUNDS: Final = 10**18
MINED_MAX: Final = 5


class AccountChain(Blockchain):
    """
    A chain on which one account owns the contract.

    `is_quiet` when nobody but that account acts; `zeal` is how likely a block takes in what waits.
    """

    def __init__(self, *place: Any, owner: bytes, accounts_dice: Random, **more: Any) -> None:
        super().__init__(*place, **more)
        self._market.never = frozenset({"JobCountIncremented", "OwnershipTransferred"})
        self.accounts_dice = accounts_dice
        self.is_quiet = False
        self.law = Law(contract=self.contract, owner=owner, base_fee=BASE_FEE, funds=FUNDS)
        self.sequencer = Pool(Rules())
        self.pools: list[Pool] = []
        self.mined_in: dict[bytes, list[Block]] = {}
        self.usual_zeal = self.zeal = accounts_dice.choice((0.1, 0.3, 0.8))
        first = Ledger(law=self.law)
        self._ledgers = {block.hash: first for block in (self.genesis, *self.canonical)}
        self._fresh = first

    def ledger(self, block: Block) -> Ledger:
        """Return the accounts after a block of any branch."""
        return self._ledgers[block.hash]

    @property
    def accounts(self) -> Ledger:
        """The accounts after the newest block."""
        return self.ledger(self.head)

    def mine(self, now: float) -> Block:
        block = super().mine(now)
        for pool in (self.sequencer, *self.pools):
            pool.drop_used(self.accounts)
            pool.expire(self.accounts, now)
        return block

    def reorganise(self, *, depth: int, growth: int, now: float) -> None:
        for block in self.canonical[-depth:]:
            for mined in self.ledger(block).mined:
                self._come_loose(mined.transaction)
        super().reorganise(depth=depth, growth=growth, now=now)
        for pool in (self.sequencer, *self.pools):
            pool.drop_used(self.accounts)

    def spread(self, transaction: SignedTransaction, origin: Pool, *, is_kept: bool) -> None:
        """Let a transaction that one node took in reach the sequencer and the other nodes, or some of them."""
        if is_kept:
            return
        loop = asyncio.get_running_loop()
        loop.call_later(self.accounts_dice.choice((0.0, 0.02, 0.3, 2.0)), self._arrive, transaction, self.sequencer)
        for pool in self.pools:
            if pool is not origin and self.accounts_dice.random() < 0.5:
                loop.call_later(self.accounts_dice.choice((0.05, 0.5, 4.0)), self._arrive, transaction, pool)

    def restart_nodes(self) -> None:
        """Let every node pass on what it has kept and nobody else has, or forget it."""
        for pool in self.pools:
            if self.accounts_dice.random() < 0.5:
                pool.forget(self.accounts_dice, 1.0)
            for transaction in pool.ready(self.accounts):
                self._arrive(transaction, self.sequencer)

    def _arrive(self, transaction: SignedTransaction, pool: Pool) -> None:
        try:
            pool.add(transaction, self.accounts)
        except Refusal:
            return

    def _come_loose(self, transaction: SignedTransaction) -> None:
        """Put a transaction whose block is gone back into some of the pools."""
        for pool in (self.sequencer, *self.pools):
            if self.accounts_dice.random() < 0.6:
                pool.put_back(transaction)

    def _logs_after(self, parent: Block, seconds: int) -> Sequence[Emission]:
        logs = [] if self.is_quiet else self._market.block(seconds)
        ready = self.sequencer.ready(self.ledger(parent))
        wanted = self.accounts_dice.choice((1, 2, MINED_MAX)) if self.accounts_dice.random() < self.zeal else 0
        self._fresh, more = after(self.ledger(parent), self.law, ready[:wanted], logs_before=len(logs))
        return [*logs, *more]

    def _next_to(self, parent: Block, now: float) -> Block:
        block = super()._next_to(parent, now)
        self._ledgers[block.hash] = self._fresh
        for mined in self._fresh.mined:
            self.mined_in.setdefault(mined.transaction.hash, []).append(block)
        return block
