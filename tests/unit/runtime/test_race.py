"""The first to end decides, and nobody runs on behind its back."""

import asyncio

import pytest

from runtime.race import race


async def after(turns: int, result: str) -> str:
    """Return after so many turns of the loop."""
    for _ in range(turns):
        await asyncio.sleep(0)
    return result


async def failing(turns: int) -> str:
    """Fail after so many turns of the loop."""
    raise ValueError(await after(turns, "lost"))


async def test_the_first_to_end_wins() -> None:
    assert await race(after(5, "slow"), after(1, "fast")) == "fast"


async def test_the_first_named_wins_a_tie() -> None:
    assert await race(after(1, "one"), after(1, "other")) == "one"


async def test_the_first_failure_is_raised() -> None:
    with pytest.raises(ValueError, match="lost"):
        await race(after(5, "slow"), failing(1))


@pytest.mark.parametrize("cancels", [False, True], ids=["when one has won", "when the race is cancelled"])
async def test_the_others_have_ended(cancels: bool) -> None:
    ended = asyncio.Event()

    async def endless() -> str:
        try:
            return await after(10**9, "never")
        finally:
            ended.set()

    running = asyncio.ensure_future(race(endless(), after(10**9 if cancels else 2, "won")))
    await after(3, "")
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert ended.is_set()
