"""
Renters of the local world: they create jobs for providers picked by dice, and confirm the results.

Without an API a renter has no desk: what to run is never handed in, and jobs are confirmed unseen.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from random import Random

from chain.contracts import JobManager
from chain.wallet import Wallet
from devnet.api_client import ApiAway
from devnet.board import Job
from devnet.desk import Desk

PAYMENT_WEI_MIN = 10**15
PAYMENT_WEI_MAX = 2 * 10**16
EARLY_SHARE = 0.5
"""Of the jobs, those whose spec is handed in before the transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Renter:
    """One renter on BSC."""

    jobs: JobManager
    wallet: Wallet
    desk: Desk | None = None

    @property
    def address(self) -> bytes:
        """Return the renter's address."""
        return self.wallet.address

    def has_result(self, job: Job) -> bool:
        """Say whether a job of ours is done, as far as we can know."""
        return self.desk is None or self.desk.has_result(job.job_id)

    async def hand_in(self, job_id: bytes) -> None:
        """Say what to run for a job, if there is anybody to tell; otherwise the desk makes up for it later."""
        if self.desk is not None:
            with suppress(ApiAway):
                await self.desk.hand_in(job_id)

    async def confirm(self, job: Job) -> None:
        """Accept the result of a job of ours."""
        await self.jobs.confirm_result(self.wallet, job.job_id)


class Demand:
    """What all renters together want: one more job at each step."""

    def __init__(self, jobs: JobManager, *, renters: Sequence[Renter], providers: Sequence[bytes], seed: int) -> None:
        self._jobs = jobs
        self._renters = renters
        self._providers = providers
        self._seed = seed
        self._dice: Random | None = None

    async def step(self) -> None:
        """Create a job for a random provider at a random price."""
        dice = self._dice = self._dice or await self._fresh_dice()
        renter, job_id, is_early = dice.choice(self._renters), dice.randbytes(32), dice.random() < EARLY_SHARE
        if is_early:
            await renter.hand_in(job_id)
        await self._jobs.create_job(
            renter.wallet,
            job_id=job_id,
            provider=dice.choice(self._providers),
            payment_wei=dice.randint(PAYMENT_WEI_MIN, PAYMENT_WEI_MAX),
        )

    async def _fresh_dice(self) -> Random:
        """Return dice that fall alike in a new world, and otherwise than before when a world goes on."""
        return Random(f"{self._seed} after {(await self._jobs.statistics()).created} jobs")
