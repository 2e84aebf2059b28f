"""
Hold the block ranges that are being read: many at once, handed out strictly in order.

    fill ─► [ 1–2000 done ][ 2001–4000 … ][ 4001–6000 done ] ◄─ starts no more while those hold too much
              └─ next

What comes of a reading may be the beginning of its range only: the rest stays first in line. A reading that fails is
begun again by the next `resume`; those behind it go on and are kept.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from indexer.values import Piece, join
from models.values import BlockRange

READS_MAX = 6
"""How many ranges are read at once."""

BYTES_MAX = 24 * 2**20
"""About how much memory ranges may take that are read and not committed yet."""

TAKEN_BYTES_MAX = 16 * 2**20
"""About how much memory ranges may take that are handed out as one."""

Read = Callable[[BlockRange], Awaitable[Piece]]


@dataclass(slots=True)
class _Reading:
    blocks: BlockRange
    task: asyncio.Future[Piece] | None = None

    @property
    def size(self) -> int | None:
        """Return how many bytes the result takes; None while there is none."""
        if self.task is None or not self.task.done() or self.task.cancelled() or self.task.exception():
            return None
        return self.task.result().size


class Window:
    """Ranges of one chain on their way to be committed."""

    def __init__(self, *, reads_max: int = READS_MAX, bytes_max: int = BYTES_MAX) -> None:
        self._readings: deque[_Reading] = deque()
        self._reads_max = reads_max
        self._bytes_max = bytes_max
        # Of the first ranges nobody knows how much they bring: not all are asked for at once.
        self._last_size = bytes_max // 2

    @property
    def first(self) -> int | None:
        """Return the first block on its way, or None when there is none."""
        return self._readings[0].blocks.first if self._readings else None

    @property
    def through(self) -> int | None:
        """Return the last block on its way, or None when there is none."""
        return self._readings[-1].blocks.last if self._readings else None

    def has_room(self) -> bool:
        """Say whether another range may be read now."""
        held = sum(self._last_size if reading.size is None else reading.size for reading in self._readings)
        return len(self._readings) < self._reads_max and (not self._readings or held < self._bytes_max)

    def start(self, blocks: BlockRange, read: Read) -> None:
        """Begin to read a range behind all others, and again what failed before."""
        self._readings.append(_Reading(blocks))
        self.resume(read)

    def resume(self, read: Read) -> None:
        """Begin again what has failed."""
        for reading in self._readings:
            if reading.task is None:
                reading.task = asyncio.ensure_future(read(reading.blocks))

    async def next(self) -> Piece:
        """Return the first range, or as much of it as was read. Raises what its reading raised."""
        task = self._readings[0].task
        assert task is not None, "fill begins every reading"
        await asyncio.wait([task])
        return self._take()

    async def run(self) -> Piece:
        """Return the same, joined with what follows it, if that is read already and was proven in the same way."""
        pieces = [await self.next()]
        while self._continues(pieces[-1]) and sum(piece.size for piece in pieces) < TAKEN_BYTES_MAX:
            pieces.append(self._take())
        return join(pieces)

    def _continues(self, piece: Piece) -> bool:
        if not self._readings or self._readings[0].size is None or self._readings[0].task is None:
            return False
        following = self._readings[0].task.result()
        return (following.parent, following.level, following.source) == (piece.last.hash, piece.level, piece.source)

    def _take(self) -> Piece:
        reading = self._readings[0]
        assert reading.task is not None, "it is done"
        task, reading.task = reading.task, None
        piece = task.result()
        self._last_size = piece.size
        if piece.blocks.last < reading.blocks.last:
            reading.blocks = BlockRange(first=piece.blocks.last + 1, last=reading.blocks.last)
        else:
            self._readings.popleft()
        return piece

    async def clear(self) -> None:
        """Give up everything on its way."""
        tasks = [reading.task for reading in self._readings if reading.task is not None]
        self._readings.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
