"""People who rent and provide at random, but the same at random each time: their dice have a seed."""

from random import Random

from tests.integration.local_chain import World

RENTERS, PROVIDERS = (1, 2, 3), (5, 6, 7)


class Activity:
    """Acts in a world, block after block. What a contract refuses is part of life."""

    def __init__(self, world: World, seed: int) -> None:
        self._world = world
        self._random = Random(seed)
        self._jobs: list[tuple[bytes, int, int]] = []

    async def step(self) -> None:
        """Do a few things, and mine one block of each chain."""
        for _ in range(self._random.randrange(4)):
            await self._random.choice([self._create, self._create, self._confirm, self._claim])()
        for _ in range(self._random.randrange(3)):
            await self._random.choice([self._register, self._beat, self._credit])()
        await self._world.bsc.mine()
        await self._world.opbnb.mine()

    async def reorg(self) -> None:
        """Take back a few blocks of one chain, which is then one block further on."""
        chain = self._random.choice([self._world.bsc, self._world.opbnb])
        await chain.reorg(self._random.randint(1, 4))
        await chain.mine()

    async def _create(self) -> None:
        job = self._random.randbytes(32), self._random.choice(RENTERS), self._random.choice(PROVIDERS)
        self._jobs.append(job)
        job_id, renter, provider = job
        wei = self._random.randint(1, 10**15)
        await self._world.create_job(job_id, renter=renter, provider=self._world.opbnb.accounts[provider], wei=wei)

    async def _confirm(self) -> None:
        if self._jobs:
            job_id, renter, _ = self._random.choice(self._jobs)
            await self._world.confirm(job_id, renter=renter)

    async def _claim(self) -> None:
        if self._jobs:
            job_id, _, provider = self._random.choice(self._jobs)
            await self._world.claim(job_id, provider=provider)

    async def _register(self) -> None:
        vram = self._random.randint(1, 100_000)
        await self._world.register(self._random.choice(PROVIDERS), self._random.randbytes(12), vram)

    async def _beat(self) -> None:
        await self._world.beat(self._random.choice(PROVIDERS))

    async def _credit(self) -> None:
        await self._world.credit(self._random.choice(PROVIDERS))
