"""
A month of a marketplace, made in seconds: chains that began in the past, and people who used them ever more.

Nothing is left to chance but a seed. Providers differ in their cards, in how much renters like them, and in how
often they are there; one has gone for good.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from models.values import show_bytes
from tests.integration.local_chain import LocalChain, World, call_data

DAYS = 30
DAY_SECONDS = 86_400
HOURS_BETWEEN = 3
OFFLINE_AFTER_SECONDS = 4 * 3600
RENTERS = range(1, 5)
JOBS_AT_ONCE_FIRST, JOBS_AT_ONCE_LAST = 1, 6
WEI_MIN, WEI_MAX = 2 * 10**15, 6 * 10**16


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A provider: its card, how much it is liked beside others, and how often it is there."""

    address: bytes
    gpu_model: str
    vram: int
    liking: int
    presence: float
    left_after_days: int = DAYS + 1


def hosts(world: World) -> list[Host]:
    """Return everybody who provides; the first five are accounts that the chains know."""
    cards = (
        ("NVIDIA GeForce RTX 4090", 24564, 9, 1.0),
        ("NVIDIA H100 80GB HBM3", 81559, 7, 1.0),
        ("NVIDIA L4", 23034, 5, 0.995),
        ("NVIDIA GeForce RTX 4090", 24564, 6, 0.97),
        ("NVIDIA A100-SXM4-80GB", 81920, 5, 0.99),
        ("NVIDIA GeForce RTX 3090", 24576, 4, 0.9),
        ("NVIDIA GeForce RTX 4090", 24564, 3, 1.0),
        ("NVIDIA RTX A6000", 49140, 4, 0.98),
        ("NVIDIA GeForce RTX 3090", 24576, 2, 0.8),
        ("NVIDIA H100 80GB HBM3", 81559, 4, 1.0),
        ("NVIDIA L40S", 46068, 3, 0.99),
    )
    known = world.opbnb.accounts[5:10]
    made = [number.to_bytes(2, "big") * 10 for number in range(0x5A11, 0x5A11 + len(cards) - len(known))]
    return [
        Host(
            address=address,
            gpu_model=gpu_model,
            vram=vram,
            liking=liking,
            presence=presence,
            left_after_days=DAYS - 6 if number == len(cards) - 1 else DAYS + 1,
        )
        for number, (address, (gpu_model, vram, liking, presence)) in enumerate(
            zip([*known, *made], cards, strict=True)
        )
    ]


class Past:
    """What happens at each moment of the month."""

    def __init__(self, world: World, *, seed: int = 7) -> None:
        self._world = world
        self._dice = Random(seed)
        self._hosts = hosts(world)
        self._paid: list[tuple[bytes, int, Host]] = []
        self._confirmed: list[tuple[bytes, Host]] = []

    async def happen(self) -> None:
        """Have all of it happen, up to now."""
        for chain in (self._world.bsc, self._world.opbnb):
            await chain.ask("anvil_autoImpersonateAccount", True)
            for host in self._hosts:
                await chain.ask("anvil_setBalance", show_bytes(host.address), hex(10**20))
        for host in self._hosts:
            data = call_data("registerNode(string,uint256)", host.gpu_model, host.vram)
            await self._provide(host, data)
        for moment, day in moments():
            await self._beat(day)
            await self._work(day)
            for chain in (self._world.bsc, self._world.opbnb):
                await mine_at(chain, moment)

    async def _beat(self, day: float) -> None:
        for host in self._hosts:
            if day < host.left_after_days and self._dice.random() < host.presence:
                await self._provide(host, call_data("sendHeartbeat()"))

    async def _work(self, day: float) -> None:
        """What was confirmed is claimed and credited, what was paid is confirmed, and new jobs are paid for."""
        for job_id, host in self._confirmed:
            await self._spend(host.address, call_data("claimReward(bytes32)", job_id))
            owner, credit = self._world.opbnb.accounts[0], call_data("incrementJobs(address)", show_bytes(host.address))
            await self._world.opbnb.send(owner, self._world.node_reputation.contract, credit)
        self._confirmed = [(job_id, host) for job_id, _, host in self._paid]
        for job_id, renter, _ in self._paid:
            await self._spend(self._world.bsc.accounts[renter], call_data("confirmResult(bytes32)", job_id))
        growth = JOBS_AT_ONCE_FIRST + (JOBS_AT_ONCE_LAST - JOBS_AT_ONCE_FIRST) * day / DAYS
        self._paid = [await self._pay() for _ in range(round(self._dice.uniform(0.4, 1.6) * growth))]

    async def _pay(self) -> tuple[bytes, int, Host]:
        job_id, renter = self._dice.randbytes(32), self._dice.choice(RENTERS)
        (host,) = self._dice.choices(self._hosts, weights=[each.liking for each in self._hosts])
        data = call_data("createJob(bytes32,address)", job_id, show_bytes(host.address))
        await self._spend(self._world.bsc.accounts[renter], data, value=self._dice.randint(WEI_MIN, WEI_MAX))
        return job_id, renter, host

    async def _spend(self, sender: bytes, data: bytes, **more: Any) -> None:
        await self._world.bsc.send(sender, self._world.job_manager.contract, data, **more)

    async def _provide(self, host: Host, data: bytes) -> None:
        await self._world.opbnb.send(host.address, self._world.node_reputation.contract, data)


def moments() -> Iterator[tuple[int, float]]:
    """Yield every moment something happens at, in unix seconds, and how many days that is from the beginning."""
    now = int(time.time())
    first = now - DAYS * DAY_SECONDS
    for moment in range(first, now, HOURS_BETWEEN * 3600):
        yield moment, (moment - first) / DAY_SECONDS


async def mine_at(chain: LocalChain, moment: int) -> None:
    """Make a block of this time, or of a second after the newest one's where that is later."""
    newest = await chain.ask("eth_getBlockByNumber", "latest", False)
    await chain.ask("evm_setNextBlockTimestamp", max(moment, int(newest["timestamp"], 16) + 1))
    await chain.ask("evm_mine")
