"""What is written in one turn of the event loop is sent at once."""

import asyncio
from collections.abc import Iterable

import pytest

from graphql_api.joined_writes import JoinedWrites


class Wire(asyncio.Transport):
    """The transport below, which keeps what it was given at once."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[bytes] = []
        self.is_shut = False

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        """Send several parts together."""
        self.sent.append(b"".join(list_of_data))

    def is_closing(self) -> bool:
        """Say whether nothing more can be sent."""
        return self.is_shut

    def close(self) -> None:
        """Send nothing more."""
        self.is_shut = True


@pytest.fixture
async def wire() -> Wire:
    """Return a transport to nowhere."""
    return Wire()


async def test_head_and_body_go_together_and_the_next_answer_by_itself(wire: Wire) -> None:
    joined = JoinedWrites(wire)
    joined.write(b"head ")
    joined.write(b"body")
    before = list(wire.sent)
    await asyncio.sleep(0)
    joined.writelines([b"next", b" one"])
    await asyncio.sleep(0)

    assert before == []
    assert wire.sent == [b"head body", b"next one"]


async def test_what_is_held_is_sent_before_the_end(wire: Wire) -> None:
    """And what was written too late is dropped, as by any transport."""
    joined = JoinedWrites(wire)
    joined.write(b"last words")
    joined.close()
    joined.write(b"too late")
    await asyncio.sleep(0)

    assert wire.sent == [b"last words"]
    assert joined.is_closing()
