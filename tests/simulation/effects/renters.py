"""Renters hand in what to run for their jobs, sooner or later or never; strangers do for jobs that are not theirs."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final

import psycopg

from graphql_api.errors import Conflict, Forbidden, Unavailable
from graphql_api.spec_store import SpecStore
from graphql_api.specs import Spec
from runtime.database import Pool
from tests.simulation.effects.job_chain import Created

LATER_SECONDS: Final = (0.0, 0.0, 0.7, 3.0, 9.0, None)
STEP_SECONDS: Final = 0.21


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """A spec to hand in, from a time on."""

    at: float
    job_id: bytes
    renter: bytes


class Renters:
    """Those who create jobs; `handed_in` says for which job which renter's spec was taken."""

    def __init__(self, pool: Pool, clock: Callable[[], float], dice: Random) -> None:
        self._specs = SpecStore(pool)
        self._clock = clock
        self._dice = dice
        self._errands: list[Errand] = []
        self.handed_in: set[tuple[bytes, bytes]] = set()

    @property
    def are_done(self) -> bool:
        """Whether nobody has anything to hand in any more."""
        return not self._errands

    def hear(self, created: Created) -> None:
        """Learn of a job, and decide when its renter says what to run."""
        later = self._dice.choice(LATER_SECONDS)
        if later is not None:
            self._errands.append(Errand(at=self._clock() + later, job_id=created.job_id, renter=created.renter))
        if self._dice.random() < 0.1:
            stranger = self._dice.randbytes(20)
            self._errands.append(Errand(at=self._clock() + 1.0, job_id=created.job_id, renter=stranger))

    async def post(self) -> None:
        """Hand in what is due, for ever."""
        while True:
            await asyncio.sleep(STEP_SECONDS)
            for errand in [each for each in self._errands if each.at <= self._clock()]:
                await self._post(errand)

    def hand_in_again(self) -> None:
        """Hand in everything once more, as after a database has lost some of it."""
        self._errands += [
            Errand(at=self._clock(), job_id=job_id, renter=renter) for job_id, renter in sorted(self.handed_in)
        ]

    async def _post(self, errand: Errand) -> None:
        spec = Spec(docker_image="lamda/simulated:1", output_bucket="bucket", output_name=errand.job_id.hex()[:8])
        try:
            await self._specs.submit(errand.job_id, errand.renter, spec)
        except (Forbidden, Conflict):
            pass
        except (Unavailable, psycopg.OperationalError):
            return
        else:
            self.handed_in.add((errand.job_id, errand.renter))
        self._errands.remove(errand)
