"""
Each provider's finished jobs by three counts that must agree.

    confirmed    jobs of theirs that were confirmed, by `JobManager`'s own logs
    credited     `successfulJobsCount` of `NodeReputation`
    shown        the reputation score that the API shows

A credit follows its confirmation, and what is shown follows both: while jobs are being confirmed the counts trail one
another, and once it is quiet they are equal.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec

from chain.abi import EVENTS_BY_TOPIC0
from chain.calls import header
from chain.connection import Connection
from chain.contracts import Deployed, NodeReputation
from chain.decode import decode
from chain.rpc import Rpc
from chain.wire import RawLog
from devnet.actors import World
from devnet.api_client import Api
from devnet.board import job_logs, read_logs
from models.values import ZERO_ADDRESS, checksum_address, parse_address

PROVIDERS_MAX = 500
SHOWN = """
query ($addresses: [Address!]!, $first: Int!) {
  providers(filter: {addressIn: $addresses}, first: $first) { nodes { address reputationScore } }
}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One provider's three counts; `shown` is None where the API does not know the provider."""

    provider: bytes
    confirmed: int
    credited: int
    shown: int | None

    @property
    def agrees(self) -> bool:
        """Say whether all three are the same."""
        return self.confirmed == self.credited == self.shown

    def __str__(self) -> str:
        who = checksum_address(self.provider)
        return f"{who}  confirmed {self.confirmed}  credited {self.credited}  shown {self.shown}"


async def scores(world: World) -> list[Score]:
    """Return the score of every provider that a job was ever created for, by address."""
    if world.api_url is None:
        raise ValueError("scores need an API: the world was not told of one")
    async with Rpc([world.bsc_url]) as rpc, Connection(world.opbnb_url) as opbnb, Api(world.api_url) as api:
        confirmed = count_confirmed(await _job_logs(rpc, world.contracts.job_manager))
        reputation = NodeReputation(opbnb, world.contracts.node_reputation.address)
        credited = {each: (await reputation.provider(each)).job_count for each in confirmed}
        shown = await _shown(api, confirmed)
    return [
        Score(provider=each, confirmed=confirmed[each], credited=credited[each], shown=shown.get(each))
        for each in sorted(confirmed)
    ]


def count_confirmed(logs: Iterable[RawLog]) -> Mapping[bytes, int]:
    """Return how many jobs were confirmed of each provider that a job was created for; the first with an id counts."""
    providers: dict[bytes, bytes] = {}
    confirmed: Counter[bytes] = Counter()
    for log in logs:
        job_id, *others = decode(log)
        match EVENTS_BY_TOPIC0[log.topics[0]].name:
            case "JobCreated" if others[1] != ZERO_ADDRESS:
                provider = providers.setdefault(job_id, others[1])
                confirmed[provider] += 0
            case "JobConfirmed" if job_id in providers:
                confirmed[providers[job_id]] += 1
    return confirmed


async def _job_logs(rpc: Rpc, contract: Deployed) -> list[RawLog]:
    head = await rpc.ask(header("latest"))
    last = -1 if head is None else head.height
    return await read_logs(rpc, job_logs(contract.address), first=contract.block, last=last)


async def _shown(api: Api, providers: Iterable[bytes]) -> Mapping[bytes, int]:
    addresses = [checksum_address(each) for each in providers]
    found = await api.ask(SHOWN, _Providers, addresses=addresses, first=PROVIDERS_MAX)
    return {parse_address(each.address): each.reputation_score for each in found.providers.nodes}


class _Provider(msgspec.Struct, frozen=True, rename="camel"):
    address: str
    reputation_score: int


class _Nodes(msgspec.Struct, frozen=True):
    nodes: tuple[_Provider, ...]


class _Providers(msgspec.Struct, frozen=True):
    providers: _Nodes
