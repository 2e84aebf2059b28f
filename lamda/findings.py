"""What `lamda reindex` and `lamda verify` show at the end: how many facts differed, and the first few of them."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from indexer.rereading_values import Counts, Difference, Findings
from models.values import ZERO_ADDRESS, Chain, checksum_address, parse_address


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
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("table", "missing", "surplus", "changed"):
        table.add_column(column, justify="left" if column == "table" else "right")
    for name, each in found.tables.items():
        table.add_row(name, *_numbers(each))
    if len(found.tables) > 1:
        table.add_row("all", *_numbers(found.total), style="bold")
    return table


def examples(found: Findings) -> Group:
    """Lay out the first few facts that differed, by table; keys stay whole, so that they can be copied."""
    parts: list[RenderableType] = []
    for name in found.tables:
        parts.append(Text(f"{name}, the first:", style="dim"))
        table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
        for each in found.examples:
            if each.table == name:
                where = f"block {each.block_number}", f"log {each.log_index}"
                table.add_row(each.kind.lower(), *where, Text(key_of(each), overflow="fold"))
        parts.append(table)
    return Group(*parts)


def key_of(difference: Difference) -> str:
    """Return the job id or provider that a fact is about, as people write it."""
    key = difference.key or ""
    return checksum_address(parse_address(key)) if len(key) == len(checksum_address(ZERO_ADDRESS)) else key


def _numbers(counts: Counts) -> tuple[str, str, str]:
    return f"{counts.missing:,}", f"{counts.surplus:,}", f"{counts.changed:,}"
