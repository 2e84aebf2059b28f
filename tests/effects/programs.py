"""The programs of a test, as its nursery bears them: started, killed, and heard out on what they touch."""

import asyncio
import json
import os
import secrets
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from runtime.processes import Child, Program
from tests.effects.touches import Point

START_SECONDS_MAX = 30.0
END_SECONDS_MAX = 20.0

HASTE: Mapping[str, Any] = {
    "dispatch.credit_program:STEP_SECONDS_MIN": 0.05,
    "dispatch.credit_program:TROUBLE_SECONDS": 0.2,
    "dispatch.settle:RESEND_AFTER": 0.5,
    "dispatch.settle:REPLACE_AFTER": 2.0,
    "dispatch.settle:RAISE_AFTER": 0.5,
    "dispatch.settle:REST_FIRST": 2.0,
    "dispatch.streams:REPORTS_READER.ack_wait": 1.0,
    "indexer.follower:EMPTY_COMMIT_SECONDS": 0.05,
}
"""What our programs wait for, in seconds, where tests cannot wait that long."""


class Running:
    """A program that was born; `touches` counts what it touched, `did_die` says that it came to its deadly point."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.pid = 0
        self.touches: Counter[str] = Counter()
        self.did_die = False
        self._reader = reader
        self._writer = writer
        self._life: asyncio.Task[None] | None = None

    async def begin(self, order: Mapping[str, Any]) -> None:
        """Hand in the order and return when the process is there."""
        self._writer.write(json.dumps(order).encode() + b"\n")
        word, _, pid = (await self._reader.readline()).decode().partition(" ")
        assert word == "pid"
        self.pid = int(pid)
        self._life = asyncio.create_task(self._listen())

    @property
    def is_alive(self) -> bool:
        return self._life is not None and not self._life.done()

    async def ended(self) -> None:
        """Return when the process is gone."""
        assert self._life is not None
        await asyncio.shield(self._life)

    async def kill(self) -> None:
        """End it as kill -9 does, and return when it is gone."""
        await self.end(signal.SIGKILL)

    async def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Send a signal, and return when the process is gone."""
        if self.is_alive:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)
        async with asyncio.timeout(END_SECONDS_MAX):
            await self.ended()

    async def _listen(self) -> None:
        with suppress(ConnectionError):
            while line := (await self._reader.readline()).decode().rstrip("\n"):
                word, _, rest = line.partition(" ")
                self.did_die |= word == "died"
                if word == "touch":
                    self.touches[rest] += 1
        self._writer.close()


class Nursery:
    """Bears programs."""

    def __init__(self, log: Path) -> None:
        name = f"lamda-nursery-{secrets.token_hex(8)}"
        self._socket = f"\0{name}"
        command = (sys.executable, "-m", "tests.effects.nursery", name)
        self._child = Child(Program(name="nursery", command=command, log=log))

    async def open(self) -> None:
        """Return when programs can be born."""
        await self._child.start()
        await self._child.ready(self._answers, within_seconds=START_SECONDS_MAX)

    async def close(self) -> None:
        """End it, and everybody who was born here and still lives."""
        await self._child.stop()

    async def bear(
        self,
        *words: str,
        settings: Mapping[str, str],
        folder: Path,
        is_watched: bool = False,
        deadly: Point | None = None,
        haste: Mapping[str, Any] = HASTE,
    ) -> Running:
        """
        Start `lamda` with these words and settings; it writes its log to `folder`.

        When watched it tells its touches, and dies at the `deadly` point.
        """
        running = Running(*await asyncio.open_unix_connection(self._socket))
        await running.begin(
            {
                "words": words,
                "settings": settings,
                "log": str(folder / f"{words[0]}.log"),
                "is_watched": is_watched or deadly is not None,
                "deadly": None if deadly is None else asdict(deadly),
                "haste": haste,
            }
        )
        return running

    async def _answers(self) -> bool:
        try:
            _, writer = await asyncio.open_unix_connection(self._socket)
        except ConnectionRefusedError:
            return False
        writer.close()
        return True


@asynccontextmanager
async def nursing() -> AsyncIterator[Nursery]:
    """Keep a nursery for as long as the block lasts."""
    with tempfile.TemporaryDirectory(prefix="lamda-nursery-") as folder:
        nursery = Nursery(Path(folder) / "log")
        await nursery.open()
        try:
            yield nursery
        finally:
            await nursery.close()
