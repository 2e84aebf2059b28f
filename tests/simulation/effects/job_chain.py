"""
The chain on which jobs are created, confirmed and paid: what may happen next depends on what the branch holds.

Most jobs come once and in order. What a reorg took back mostly comes again, now and then for another provider; and now
and then an id comes twice, or a job is confirmed twice, for nothing may depend on a contract's body.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, Final

from models.values import ZERO_ADDRESS
from tests.simulation.blockchain import Block, Blockchain
from tests.simulation.events import Emission, emit

JOBS_WANTED: Final = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """Who a job is of, and for."""

    job_id: bytes
    renter: bytes
    provider: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Jobs:
    """The jobs of a branch after a block: created, by whom first; confirmed, in which block first; claimed."""

    created: Mapping[bytes, Created] = field(default_factory=dict)
    created_in: Mapping[bytes, int] = field(default_factory=dict)
    confirmed_in: Mapping[bytes, int] = field(default_factory=dict)
    claimed: frozenset[bytes] = frozenset()


class JobChain(Blockchain):
    """BSC; `providers` are those whom jobs go to, `on_created` hears of each job the first time it is on a branch."""

    def __init__(
        self, *place: Any, providers: Sequence[bytes], jobs_dice: Random, blocks_expected: int, **more: Any
    ) -> None:
        super().__init__(*place, **more)
        self.is_quiet = False
        self.on_created: Callable[[Created], None] = lambda _: None
        self._providers = providers
        self._renters = [jobs_dice.randbytes(20) for _ in range(3)]
        self._jobs_dice = jobs_dice
        self._pace = min(0.5, JOBS_WANTED / blocks_expected)
        self._known: dict[bytes, Created] = {}
        self._jobs = {block.hash: Jobs() for block in (self.genesis, *self.canonical)}

    def all_created(self) -> list[Created]:
        """Return each job that ever was on a branch, as it was first."""
        return list(self._known.values())

    def jobs(self, block: Block) -> Jobs:
        """Return the jobs after a block of any branch."""
        return self._jobs[block.hash]

    def _logs_after(self, parent: Block, seconds: int) -> Sequence[Emission]:
        if self.is_quiet:
            return []
        jobs, dice = self.jobs(parent), self._jobs_dice
        logs: list[Emission] = []
        if dice.random() < self._pace:
            logs += self._create(jobs)
        if dice.random() < 0.7 * self._pace:
            logs += self._confirm(jobs, seconds)
        if jobs.confirmed_in and dice.random() < 0.3 * self._pace:
            job_id = dice.choice(list(jobs.confirmed_in))
            logs.append(emit(self.contract, "PaymentClaimed", job_id, jobs.created[job_id].provider, 1))
        if dice.random() < 0.2:
            logs.append(Emission(address=dice.choice(self._renters), topics=(b"\x0f" * 32,), data=b""))
        return logs

    def _next_to(self, parent: Block, now: float) -> Block:
        block = super()._next_to(parent, now)
        self._jobs[block.hash] = _after(self._jobs[parent.hash], block)
        return block

    def _create(self, jobs: Jobs) -> list[Emission]:
        """Create one or several jobs: of those that another branch had, of this one again, or new."""
        dice = self._jobs_dice
        lost = [each for job_id, each in self._known.items() if job_id not in jobs.created]
        logs = []
        for _ in range(dice.choice((1, 1, 1, 2, 4))):
            if lost and dice.random() < 0.6:
                each = dice.choice(lost)
                if dice.random() < 0.15:
                    each = replace(each, provider=dice.choice(self._providers), renter=dice.choice(self._renters))
            elif jobs.created and dice.random() < 0.05:
                each = replace(dice.choice(list(jobs.created.values())), provider=dice.choice(self._providers))
            else:
                provider = ZERO_ADDRESS if dice.random() < 0.05 else dice.choice(self._providers)
                each = Created(job_id=dice.randbytes(32), renter=dice.choice(self._renters), provider=provider)
            if each.job_id not in self._known:
                self._known[each.job_id] = each
                self.on_created(each)
            logs.append(emit(self.contract, "JobCreated", each.job_id, each.renter, each.provider, 10**18))
        return logs

    def _confirm(self, jobs: Jobs, seconds: int) -> list[Emission]:
        dice = self._jobs_dice
        open_jobs = [job_id for job_id in jobs.created if job_id not in jobs.confirmed_in]
        if jobs.confirmed_in and dice.random() < 0.05:
            open_jobs = list(jobs.confirmed_in)
        chosen = dice.sample(open_jobs, min(len(open_jobs), dice.choice((1, 1, 2, 4))))
        return [emit(self.contract, "JobConfirmed", job_id, seconds) for job_id in chosen]


def _after(jobs: Jobs, block: Block) -> Jobs:
    ours = [log for log in block.logs if log.event]
    if not ours:
        return jobs
    created, created_in = dict(jobs.created), dict(jobs.created_in)
    confirmed_in, claimed = dict(jobs.confirmed_in), set(jobs.claimed)
    for log in ours:
        match log.event, log.arguments:
            case "JobCreated", (job_id, renter, provider, _):
                created.setdefault(job_id, Created(job_id=job_id, renter=renter, provider=provider))
                created_in.setdefault(job_id, block.number)
            case "JobConfirmed", (job_id, _):
                confirmed_in.setdefault(job_id, block.number)
            case "PaymentClaimed", (job_id, *_):
                claimed.add(job_id)
    return Jobs(created=created, created_in=created_in, confirmed_in=confirmed_in, claimed=frozenset(claimed))
