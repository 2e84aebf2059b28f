"""What waits to be sent."""

import asyncio

from graphql_api.live.outbox import Outbox


def outbox(bytes_max: int = 10) -> tuple[Outbox, list[str]]:
    """Return an outbox, and a list that says when it was full."""
    full: list[str] = []
    return Outbox(bytes_max, lambda: full.append("full")), full


async def everything(box: Outbox) -> list[str]:
    """End an outbox and return what it still held."""
    box.end()
    return [text async for text in box.texts()]


async def test_texts_come_in_order() -> None:
    """And what waits when it ends is still sent."""
    box, full = outbox()
    for text in ("a", "b", "c"):
        box.put(text)

    assert (await everything(box), full) == (["a", "b", "c"], [])


async def test_one_that_is_full_drops_everything_and_says_so_once() -> None:
    """Its reader resumes from what it saw; nothing of what waited is worth its room."""
    box, full = outbox()
    for text in ("12345", "12345", "1", "1"):
        box.put(text)

    assert (await everything(box), full) == ([], ["full"])


async def test_what_waits_is_counted_as_it_is_sent() -> None:
    """In bytes, of which a letter may have four."""
    box, full = outbox()
    for text in ("é" * 3, "€" * 2):
        box.put(text)

    assert (await everything(box), full) == ([], ["full"])


async def test_one_text_may_be_larger_than_what_may_wait() -> None:
    """Else a large answer could never be sent."""
    box, full = outbox()
    box.put("x" * 100)

    assert (await everything(box), full) == (["x" * 100], [])


async def test_what_is_being_sent_still_counts() -> None:
    """A client that has not taken it has not made room."""
    box, full = outbox()
    box.put("123456")
    texts = box.texts()
    assert await anext(texts) == "123456"
    box.put("1")
    box.put("12345")

    assert full == ["full"]


async def test_there_is_room_once_half_of_it_was_taken() -> None:
    """Who has much to say waits until some of it was read."""
    box, _ = outbox()
    for text in ("123", "456"):
        box.put(text)
    waiting = asyncio.create_task(box.room())
    await asyncio.sleep(0)
    assert not waiting.done()

    texts = box.texts()
    await anext(texts)
    await anext(texts)

    await asyncio.wait_for(waiting, 1)


async def test_nobody_waits_for_room_in_one_that_has_ended() -> None:
    """What it holds may never be taken."""
    box, _ = outbox()
    box.put("1234567")
    waiting = asyncio.create_task(box.room())
    await asyncio.sleep(0)
    box.end(drop=True)

    await asyncio.wait_for(waiting, 1)
