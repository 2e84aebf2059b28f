"""The table of a document that says what to do where a program says something."""

import re
from pathlib import Path

from tests.architecture.source import ROOT

HEAD = "| it says | do |\n|---|---|\n"
QUOTED = re.compile(r"`([^`]+)`")


class Rows:
    """
    The rows of such a table, and which of them have been found by what was said.

    What a row quotes must be said word for word; `…` stands for anything.
    """

    def __init__(self, name: str) -> None:
        _, _, behind = (ROOT / Path(name)).read_text(encoding="utf-8").partition(HEAD)
        rows = [line.strip("|\n ").split(" | ") for line in behind.partition("\n\n")[0].splitlines()]
        self._remedies = dict(rows)
        self.left = list(self._remedies)

    def remedy(self, said: str) -> str:
        """Return what to do about what a program has said; fail where no row quotes any of it."""
        found = [says for says in self._remedies if any(_is_in(said, quoted) for quoted in QUOTED.findall(says))]
        assert found, f"no row is about this:\n{said}"
        self.left = [says for says in self.left if says not in found]
        return "\n".join(self._remedies[says] for says in found)


def _is_in(said: str, quoted: str) -> bool:
    return re.search(".*".join(map(re.escape, quoted.split("…"))), said) is not None
