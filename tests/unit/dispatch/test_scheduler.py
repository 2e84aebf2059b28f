"""Chores are done at once, again and again, never twice at the same time, and what fails is raised."""

import asyncio

import pytest

from dispatch.scheduler import Chore, Scheduler


async def test_chores_are_done_until_told_to_stop() -> None:
    stop, done = asyncio.Event(), 0

    async def work() -> None:
        nonlocal done
        done += 1
        if done == 3:
            stop.set()

    async with asyncio.timeout(5):
        await Scheduler(Chore(name="a", seconds=0.01, work=work)).run(stop)

    assert done == 3


async def test_a_chore_that_is_under_way_is_not_begun_again_and_is_let_finish() -> None:
    stop, log = asyncio.Event(), list[str]()

    async def slow() -> None:
        log.append("begun")
        await stop.wait()
        log.append("ended")

    async def quick() -> None:
        if log.count("quick") == 5:
            stop.set()
        log.append("quick")

    async with asyncio.timeout(5):
        await Scheduler(Chore(name="slow", seconds=0.01, work=slow), Chore(name="quick", seconds=0.02, work=quick)).run(
            stop
        )

    assert [each for each in log if each != "quick"] == ["begun", "ended"]


async def test_what_a_chore_raises_is_raised_and_the_others_end() -> None:
    ended = []

    async def fail() -> None:
        raise TimeoutError("no database")

    async def wait() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("wait")

    async with asyncio.timeout(5):
        with pytest.raises(TimeoutError, match="no database"):
            await Scheduler(Chore(name="wait", seconds=60, work=wait), Chore(name="fail", seconds=60, work=fail)).run(
                asyncio.Event()
            )

    assert ended == ["wait"]
