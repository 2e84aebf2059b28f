"""A loop of ours ends when it is cancelled, also where a library has lost that."""

import asyncio

from runtime.lifecycle import heed_cancellation


async def test_a_cancellation_that_comes_together_with_a_result_is_heeded() -> None:
    """`asyncio.wait_for` of Python 3.11 returns the result and goes on; later ones raise it themselves."""
    results: list[asyncio.Future[None]] = []

    async def loop() -> None:
        while True:
            results.append(asyncio.Future())
            await asyncio.wait_for(results[-1], 60)
            heed_cancellation()

    looping = asyncio.create_task(loop())
    while not results:
        await asyncio.sleep(0)
    results[0].set_result(None)
    looping.cancel()
    await asyncio.wait([looping], timeout=5)

    assert looping.cancelled()
    assert len(results) == 1


async def test_a_task_that_nobody_cancelled_goes_on() -> None:
    """Not even where it was interrupted by a time-out of its own."""
    try:
        async with asyncio.timeout(0):
            await asyncio.sleep(60)
    except TimeoutError:
        heed_cancellation()
