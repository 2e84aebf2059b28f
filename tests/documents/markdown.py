"""What the generated pages are written with."""

from collections.abc import Iterable, Sequence

WRITTEN_BY = "<!-- Written by `make reference`; edits are lost. -->"


def page(title: str, about: str, parts: Iterable[str]) -> str:
    """Return a page: title, what it is about, and its parts."""
    return "\n\n".join([WRITTEN_BY, f"# {title}", about, *parts]) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; what would end a cell or a row is written so that it does not."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(each) for each in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
