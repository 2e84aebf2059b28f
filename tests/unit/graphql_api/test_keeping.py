"""One answer for all who ask."""

import asyncio

import pytest

from graphql_api.errors import TooSlow, Unavailable
from graphql_api.keeping import Kept


class Counting:
    """A computation that counts how often it ran, and can be held up or told to fail."""

    def __init__(self) -> None:
        self.now = 100.0
        self.runs = 0
        self.failure: Exception | None = None
        self.may_end = asyncio.Event()
        self.may_end.set()
        self.began = asyncio.Event()

    def clock(self) -> float:
        return self.now

    async def compute(self) -> int:
        self.runs += 1
        self.began.set()
        run = self.runs
        await self.may_end.wait()
        if self.failure is not None:
            raise self.failure
        return run


@pytest.fixture
def counting() -> Counting:
    """A computation."""
    return Counting()


@pytest.fixture
def kept(counting: Counting) -> Kept[int]:
    """What keeps its answer."""
    return Kept(counting.compute, clock=counting.clock)


async def asked(kept: Kept[int]) -> int:
    return (await kept.newest()).value


async def test_nothing_is_computed_before_somebody_asks(counting: Counting) -> None:
    """It costs nothing while nobody asks."""
    Kept(counting.compute, clock=counting.clock)
    await asyncio.sleep(0)

    assert counting.runs == 0


@pytest.mark.parametrize(("seconds", "runs"), [(0.0, 1), (0.9, 1), (1.1, 2)])
async def test_an_answer_is_given_for_a_second(kept: Kept[int], counting: Counting, seconds: float, runs: int) -> None:
    """Then it is computed anew."""
    await kept.newest()
    counting.now += seconds

    assert runs == await asked(kept)


async def test_many_who_ask_at_once_wait_for_one_computation(kept: Kept[int]) -> None:
    """A thousand are as cheap as one."""
    assert await asyncio.gather(*(asked(kept) for _ in range(1000))) == [1] * 1000


async def test_the_age_counts_from_when_the_computation_began(kept: Kept[int], counting: Counting) -> None:
    """One that took 0.9 s is young for another 0.1 s only."""
    counting.may_end.clear()
    first = asyncio.create_task(asked(kept))
    await counting.began.wait()
    counting.now += 0.9
    counting.may_end.set()
    found = [await first, await asked(kept)]
    counting.now += 0.2

    assert [*found, await asked(kept)] == [1, 1, 2]


async def test_a_computation_that_began_too_long_ago_is_not_joined(kept: Kept[int], counting: Counting) -> None:
    """Who asks then waits for the next, which does not begin before this one has ended."""
    counting.may_end.clear()
    first = asyncio.create_task(asked(kept))
    await counting.began.wait()
    counting.now += 5
    second = asyncio.create_task(asked(kept))
    await asyncio.sleep(0)
    runs = counting.runs
    counting.may_end.set()

    assert (runs, await first, await second) == (1, 1, 2)


async def test_a_failure_is_told_to_those_who_wait_and_kept_for_nobody(kept: Kept[int], counting: Counting) -> None:
    """A time-out or an outage does not outlast itself."""
    counting.failure = TooSlow("the database needed too long")
    found = await asyncio.gather(asked(kept), asked(kept), return_exceptions=True)
    counting.failure = None

    assert [type(each) for each in found] == [TooSlow, TooSlow]
    assert await asked(kept) == 2


async def test_who_stops_waiting_disturbs_nobody(kept: Kept[int], counting: Counting) -> None:
    """The computation goes on for the others."""
    counting.may_end.clear()
    leaving, staying = asyncio.create_task(asked(kept)), asyncio.create_task(asked(kept))
    await counting.began.wait()
    leaving.cancel()
    await asyncio.wait([leaving])
    counting.may_end.set()

    assert (leaving.cancelled(), await staying) == (True, 1)


async def test_a_failure_that_nobody_waits_for_any_more_is_no_trouble(kept: Kept[int], counting: Counting) -> None:
    """Everybody has left; the next who asks gets an answer."""
    counting.may_end.clear()
    leaving = asyncio.create_task(asked(kept))
    await counting.began.wait()
    leaving.cancel()
    await asyncio.wait([leaving])
    counting.failure = TooSlow("the database needed too long")
    counting.may_end.set()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    counting.failure = None

    assert await asked(kept) == 2


async def test_who_waits_while_the_server_stops_is_told(kept: Kept[int], counting: Counting) -> None:
    """And is not cancelled."""
    counting.may_end.clear()
    waiting = asyncio.create_task(asked(kept))
    await counting.began.wait()
    await kept.close()

    with pytest.raises(Unavailable, match="the server is stopping"):
        await waiting


async def test_a_renewed_answer_began_after_it_was_asked_for(counting: Counting) -> None:
    """It waits until the last one is a second old."""
    clock = asyncio.get_running_loop().time
    kept = Kept(counting.compute, clock=clock)
    first = await kept.newest()
    asked_at = clock()
    second = await kept.renewed()

    assert (first.value, second.value) == (1, 2)
    assert second.at >= max(asked_at, first.at + 1)
