"""What `lamda reindex` and `lamda verify` show at the end: how many facts differed, and the first few of them."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from indexer.rereading_values import Counts, Findings
from models.values import Chain


def page(chain: Chain, found: Findings) -> RenderableType:
    """Lay out what a range that was read again showed."""
    said = f"{chain}: blocks {found.blocks.first:,}–{found.blocks.last:,} read again, proven by {found.level}"
    lines: list[RenderableType] = [Text(said, style="bold")]
    if found.heartbeats_from is not None:
        lines.append(Text(f"heartbeats before block {found.heartbeats_from:,} are folded into days: left out"))
    if found.taken_back is not None:
        lines.append(
            Text(f"our branch was left: {found.taken_back:,} facts above block {found.blocks.last:,} were taken back")
        )
    if not found.total:
        lines.append(Text("nothing differed", style="green"))
        return Group(*lines)
    told = "this differed, and was mended" if found.applied else "this differs; --repair would mend it"
    return Group(*lines, Text(f"{told}:", style="green" if found.applied else "red"), counts(found), examples(found))


def counts(found: Findings) -> Table:
    """Lay out how many facts differed, by table."""
    table = _plain("table", "missing", "surplus", "changed", numbers=("missing", "surplus", "changed"))
    for name, each in found.tables.items():
        table.add_row(name, *_numbers(each))
    if len(found.tables) > 1:
        table.add_row("all", *_numbers(found.total), style="bold")
    return table


def examples(found: Findings) -> Table:
    """Lay out the first few facts that differed; keys stay whole, so that they can be copied."""
    table = _plain("first of them", "", "block", "log", "key", numbers=("block", "log"))
    for each in found.examples:
        where = (f"{each.block_number}", f"{each.log_index}")
        table.add_row(each.table, each.kind.lower(), *where, each.key or "")
    return table


def _numbers(counts: Counts) -> tuple[str, str, str]:
    return f"{counts.missing:,}", f"{counts.surplus:,}", f"{counts.changed:,}"


def _plain(*columns: str, numbers: tuple[str, ...]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in columns:
        table.add_column(column, justify="right" if column in numbers else "left", overflow="fold")
    return table
