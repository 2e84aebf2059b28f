"""
Read the logs behind effects again, by the hashes of their blocks.

Endpoints are asked one after the other until one says that the log is there and none that it is not. The last in the
order is the one that the indexer prefers: its word alone, which our rows come from, counts only where nobody else has
one to give. A claim that is not proven rests a while; the others go on.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import structlog

from chain.calls import Call, header_of, logs_of
from chain.endpoint import Endpoint
from chain.errors import RpcError
from chain.rpc import Rpc
from dispatch import verify
from dispatch.verify import Claim, Word
from models.values import show_bytes

REST_SECONDS = 30.0
QUESTIONS_AT_ONCE = 10

logger = structlog.get_logger()

Words = dict[Endpoint, Word | str]


def preferred_last(urls: tuple[str, ...]) -> tuple[str, ...]:
    """Return the URLs with the first at the end: what the indexer was told there is asked about elsewhere."""
    return urls[1:] + urls[:1]


class Witness:
    """What endpoints of a chain say of one contract's logs that we are about to act on."""

    def __init__(self, rpc: Rpc, contract: bytes, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._rpc = rpc
        self._contract = contract
        self._clock = clock
        self._resting: dict[Claim, float] = {}
        self._questions = asyncio.Semaphore(QUESTIONS_AT_ONCE)

    @property
    def resting(self) -> list[Claim]:
        """The claims not to be asked about now."""
        now = self._clock()
        self._resting = {claim: until for claim, until in self._resting.items() if until > now}
        return list(self._resting)

    async def proven(self, claims: Sequence[Claim]) -> list[Claim]:
        """Return the claims that the chain still vouches for."""
        heard = await asyncio.gather(*(self._hear(claim) for claim in claims))
        proven = []
        for claim, words in zip(claims, heard, strict=True):
            if verify.is_proven(words.values()):
                proven.append(claim)
                _distrust_liars(claim, words)
            else:
                self._doubt(claim, words)
        return proven

    async def _hear(self, claim: Claim) -> Words:
        """Return what endpoints say of a claim, or why they say nothing."""
        words: Words = {}
        async with self._questions:
            for endpoint in self._rpc.to_ask():
                words[endpoint] = await self._word(endpoint, claim)
                if endpoint is not self._rpc.endpoints[-1] and verify.is_proven(words.values()):
                    break
        return words

    async def _word(self, endpoint: Endpoint, claim: Claim) -> Word | str:
        ours = verify.log_filter(self._contract, claim.event)
        block_hash = show_bytes(claim.block_hash)
        try:
            if verify.is_there(claim, (await endpoint.batch([logs_of(block_hash, ours)]))[0], ours):
                return Word.THERE
            # A node without the block may answer no logs. Asked in one batch, it is one node that says both.
            both: list[Call[Any]] = [header_of(block_hash), logs_of(block_hash, ours)]
            header, logs = await endpoint.batch(both)
        except RpcError as error:
            return str(error)
        if header is None:
            return Word.NO_BLOCK
        return Word.THERE if verify.is_there(claim, logs, ours) else Word.NOT_THERE

    def _doubt(self, claim: Claim, words: Words) -> None:
        self._resting[claim] = self._clock() + REST_SECONDS
        logger.warning(
            "witness.doubt", claim=claim.event, job=show_bytes(claim.job_id), block=show_bytes(claim.block_hash),
            reason=_shown(words) or "no endpoint can be asked now", retry_in_s=REST_SECONDS,
        )  # fmt: skip


def _distrust_liars(claim: Claim, words: Words) -> None:
    for endpoint, word in words.items():
        if word is Word.NOT_THERE:
            endpoint.distrust(f"{claim.event} of job {show_bytes(claim.job_id)} is in its block, as others say")


def _shown(words: Mapping[Endpoint, Word | str]) -> str:
    return "; ".join(f"{each.name} {word}" if isinstance(word, Word) else word for each, word in words.items())
