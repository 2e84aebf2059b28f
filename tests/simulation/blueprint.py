"""Draw a world from its seed: its chains, how old they are, and which endpoints stand before them."""

from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Final

from indexer.values import Followed
from models.onchain import HEARTBEAT_PARTITION_BLOCKS
from models.values import Chain, ProofLevel
from tests.simulation import indexing, texts
from tests.simulation.nodes import Traits

CHAINS: Final = ((Chain.BSC,), (Chain.OPBNB,), (Chain.BSC,), (Chain.OPBNB,), (Chain.BSC, Chain.OPBNB))
CHAIN_IDS: Final = {Chain.BSC: 56, Chain.OPBNB: 204}
PROFILES: Final = ("honest", "flaky", "lagging", "truncating", "dropping", "orphaned", "refusing", "hoarding")
ONE_LIAR: Final = "lying"
LIARS: Final = {"dropping": 0.5, "orphaned": 0.4}


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointPlan:
    """One endpoint; `drops_in` says where it leaves logs out, if it is one that does."""

    name: str
    profile: str
    traits: Traits
    drops_in: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainPlan:
    """One chain, `history` blocks old when the world begins."""

    chain: Chain
    followed: Followed
    history: int
    finality_lag: int
    has_milliseconds: bool
    history_proof: ProofLevel
    head_proof: ProofLevel
    endpoints: tuple[EndpointPlan, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Blueprint:
    """A world before it begins."""

    seed: int
    beyond_finality: bool
    only: tuple[str, ...]
    seconds: float
    chains: tuple[ChainPlan, ...]
    settings: indexing.Settings


def draw(
    seed: int,
    *,
    beyond_finality: bool = False,
    only: tuple[str, ...] = (),
    chosen: tuple[tuple[Chain, ...], ...] = CHAINS,
) -> Blueprint:
    """Return the blueprint of a seed; where faults are named, of a world in which one endpoint has `only` these."""
    dice = Random(f"{seed}/blueprint")
    chains = dice.choice(chosen)
    plans = tuple(_chain(chain, dice, has_one_liar=bool(only)) for chain in chains)
    sources = tuple(
        indexing.source(
            plan.followed,
            [f"http://{each.name}.simulated" for each in plan.endpoints],
            poll_seconds=dice.choice((0.1, 0.25, 0.6)),
            history_proof=plan.history_proof,
            head_proof=plan.head_proof,
        )
        for plan in plans
    )
    settings = indexing.Settings(sources=sources, offline_after=timedelta(seconds=dice.choice((3, 15, 720))))
    return Blueprint(
        seed=seed,
        beyond_finality=beyond_finality,
        only=only,
        seconds=dice.uniform(8, 25),
        chains=plans,
        settings=settings,
    )


def _chain(chain: Chain, dice: Random, *, has_one_liar: bool) -> ChainPlan:
    # So that heartbeats of a run lie on both sides of where one partition ends and the next begins.
    first = dice.choice((0, 1000, HEARTBEAT_PARTITION_BLOCKS - 60))
    followed = Followed(chain=chain, chain_id=CHAIN_IDS[chain], contract=dice.randbytes(20), start_block=first + 1)
    return ChainPlan(
        chain=chain,
        followed=followed,
        history=dice.choice((2, 40, 120, 240)),
        finality_lag=dice.choice((2, 2, 6, 20, 60)),
        has_milliseconds=dice.random() < 0.7,
        history_proof=dice.choice(tuple(ProofLevel)),
        head_proof=dice.choice((ProofLevel.BLOOM, ProofLevel.BLOOM, ProofLevel.RECEIPTS)),
        endpoints=_endpoints(chain, dice, has_one_liar=has_one_liar),
    )


def _endpoints(chain: Chain, dice: Random, *, has_one_liar: bool) -> tuple[EndpointPlan, ...]:
    count = dice.choice((1, 2, 2, 3, 4))
    # Who answers everything when it is well, so that in the end there is somebody to ask.
    anchor = dice.randrange(count)
    # Those that lie most are met most; but no two of them tell the same lie.
    liars = [profile for profile, share in LIARS.items() if dice.random() < share]
    others = dice.sample([profile for profile in PROFILES if profile not in liars], len(PROFILES) - len(liars))
    profiles = (liars + others)[:count]
    dice.shuffle(profiles)
    if has_one_liar:
        profiles = [ONE_LIAR, *("honest" for _ in profiles[1:])]
    return tuple(
        EndpointPlan(
            name=f"{chain.value}-{rank}",
            profile=profiles[rank],
            traits=_traits(profiles[rank], dice, can_all=rank == anchor),
            drops_in=dice.choice(("hash", "range")),
        )
        for rank in range(count)
    )


def _traits(profile: str, dice: Random, *, can_all: bool) -> Traits:
    return Traits(
        range_max=dice.choice((1_000_000, 50, 10, 1 if can_all else 3)),
        range_text=dice.choice((*texts.RANGE_WITH_NUMBER, *texts.TOO_MUCH)),
        logs_max=dice.choice((1_000_000, 20)),
        remembers=1_000_000 if can_all else dice.choice((1_000_000, 1_000_000, 30)),
        topics_max=100 if can_all else dice.choice((100, 100, 1)),
        has_logs=can_all or dice.random() < 0.8,
        # Who leaves out logs must be able to be found out: where nobody can be asked, a block is proven less.
        has_receipts=can_all or profile in ("dropping", ONE_LIAR) or dice.random() < 0.7,
        cuts_off=profile in ("truncating", ONE_LIAR) or dice.random() < 0.5,
        says_removed=dice.random() < 0.7,
        dates_logs=dice.random() < 0.5,
    )
