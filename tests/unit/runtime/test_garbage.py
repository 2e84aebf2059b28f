"""When garbage is looked for."""

import asyncio
import gc
import weakref

from runtime.garbage import PASSES, collected_seldom


class Ring:
    """Something that holds itself."""

    def __init__(self) -> None:
        self.itself = self


async def test_garbage_in_circles_goes_after_a_while() -> None:
    """Not when Python likes, but it goes."""
    async with collected_seldom(seconds=0.05):
        ring = weakref.ref(Ring())
        async with asyncio.timeout(10):
            while ring() is not None:
                await asyncio.sleep(0.01)


async def test_python_does_as_before_when_it_is_over() -> None:
    """Whoever runs us may run other things."""
    before = gc.get_threshold()
    async with collected_seldom():
        assert gc.get_threshold()[2] == PASSES

    assert before == gc.get_threshold()
    assert gc.get_freeze_count() == 0
