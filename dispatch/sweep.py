"""
Spend nonces on transfers of nothing to ourselves.

After a database was lost, transactions that nobody here knows may wait in a pool behind a nonce that is missing. Once
each nonce that they may have is final, all of them are on chain or dead. Nothing of this is stored: whichever
transaction takes such a nonce, it is spent.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime

import structlog

from dispatch import settle
from dispatch.chain_writer import RELEASE_GAS, ChainWriter
from dispatch.credit_values import Account, Attempt, Intent, Kind, Limits
from dispatch.settle import Release, Send, Sign
from models.values import Fees, show_bytes

logger = structlog.get_logger()


class Sweep:
    """The transfers that were sent since we started, by their nonces."""

    def __init__(self, writer: ChainWriter, limits: Limits, clock: Callable[[], datetime]) -> None:
        self._writer = writer
        self._limits = limits
        self._clock = clock
        self._newest: dict[int, Attempt] = {}

    async def send(self, nonces: Iterable[int], account: Account) -> tuple[int, str]:
        """
        Send what these nonces need now, or need again, and dearer where they wait too long.

        Returns how many were sent, and why others cannot be, or an empty text.
        """
        due = [attempt for nonce in nonces if (attempt := self._due(nonce, account)) is not None]
        answers = await asyncio.gather(*(self._writer.send(each.raw) for each in due))
        now = self._clock()
        for attempt, answer in zip(due, answers, strict=True):
            self._newest[attempt.nonce] = replace(attempt, sent_at=now, answer=answer)
            logger.info(
                "credit.swept",
                nonce=attempt.nonce,
                transaction=show_bytes(attempt.transaction_hash),
                answer=answer.name,
            )
        return len(due), settle.hindrance(self._newest.values(), account, self._limits)

    def _due(self, nonce: int, account: Account) -> Attempt | None:
        newest = self._newest.get(nonce)
        transfer = Intent(job_id=b"", provider=b"", live=() if newest is None else (newest,))
        match settle.settle(transfer, account, {}, now=self._clock(), limits=self._limits):
            case Sign() if (fees := settle.first_fees(account, self._limits)) is not None:
                return self._sign(nonce, fees)
            case Release(fees=fees):
                return self._sign(nonce, fees)
            case Send(attempt):
                return attempt
            case _:
                return None

    def _sign(self, nonce: int, fees: Fees) -> Attempt:
        signed = self._writer.sign(Kind.RELEASE, b"", nonce=nonce, gas=RELEASE_GAS, fees=fees)
        return Attempt(
            transaction_hash=signed.hash,
            nonce=nonce,
            kind=Kind.RELEASE,
            raw=signed.raw,
            gas=RELEASE_GAS,
            fees=fees,
            signed_at=self._clock(),
        )
