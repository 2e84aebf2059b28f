"""
Renters of the local world: they create jobs for providers picked by dice, and confirm the results.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from chain.contracts import JobManager
from chain.wallet import Wallet
from devnet.board import Job

PAYMENT_WEI_MIN = 10**15
PAYMENT_WEI_MAX = 2 * 10**16


@dataclass(frozen=True, slots=True, kw_only=True)
class Renter:
    """One renter on BSC."""

    jobs: JobManager
    wallet: Wallet

    @property
    def address(self) -> bytes:
        """Return the renter's address."""
        return self.wallet.address

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
        await self._jobs.create_job(
            dice.choice(self._renters).wallet,
            job_id=dice.randbytes(32),
            provider=dice.choice(self._providers),
            payment_wei=dice.randint(PAYMENT_WEI_MIN, PAYMENT_WEI_MAX),
        )

    async def _fresh_dice(self) -> Random:
        """Return dice that fall alike in a new world, and otherwise than before when a world goes on."""
        return Random(f"{self._seed} after {(await self._jobs.statistics()).created} jobs")
