"""What happened in a run, as one hash and, where somebody looks, line by line."""

import hashlib
from collections.abc import Callable


class Trace:
    """Every act, question and answer, in order."""

    def __init__(self, clock: Callable[[], float], say: Callable[[str], None] | None = None) -> None:
        self.clock = clock
        self._say = say
        self._digest = hashlib.sha256()
        self._told = ""
        self.notes = 0

    def note(self, kind: str, who: str, content: bytes) -> None:
        """Take down what passed between a process and an endpoint."""
        self.notes += 1
        self._digest.update(f"{self.clock():.9f} {kind} {who} ".encode() + content)

    def act(self, line: str) -> None:
        """Take down what the world did."""
        self.note("act", "world", line.encode())
        if self._say:
            self._say(f"{self.clock():9.3f}  {line}")

    def tell(self, line: str) -> None:
        """Say something to whoever looks, once in a row; it is no part of what happened."""
        if self._say and line != self._told:
            self._told = line
            self._say(f"{self.clock():9.3f}  … {line}")

    @property
    def hash(self) -> str:
        """Return the hash of all that was taken down."""
        return self._digest.hexdigest()
