"""What `lamda audit` shows: the contracts' own counters beside ours."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from indexer.audit_values import Audit, Counter
from models.values import checksum_address

SHOWN = 10
"""How many counters that differ are shown one by one; those that agree are summed up."""


def page(found: Audit) -> RenderableType:
    """Lay out the audit of one chain."""
    lines: list[RenderableType] = [Text(f"{found.chain}: audited at block {found.block:,}", style="bold")]
    if found.moved_because is not None:
        lines.append(Text(f"the newest we have, not the last final one: {found.moved_because}", style="yellow"))
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("counter", "ours", "contract", ""):
        table.add_column(column, justify="right" if column in ("ours", "contract") else "left", overflow="fold")
    for counter in rows(found):
        table.add_row(name(counter), f"{counter.expected.ours:,}", _theirs(counter), _verdict(counter))
    if summary := summed_up(found):
        table.add_row(*summary)
    return Group(*lines, table)


def rows(found: Audit) -> list[Counter]:
    """Return the counters to show one by one: all but those of providers, and of these the first few that differ."""
    single = [each for each in found.counters if each.expected.argument is None]
    return [*[each for each in found.counters if each.expected.argument and each.is_wrong][:SHOWN], *single]


def summed_up(found: Audit) -> tuple[str, str, str, str] | None:
    """Return the row that stands for all providers' counters."""
    each = [counter for counter in found.counters if counter.expected.argument]
    if not each:
        return None
    wrong = sum(counter.is_wrong for counter in each)
    ours, theirs = sum(counter.expected.ours for counter in each), sum(counter.theirs or 0 for counter in each)
    said = "equal" if not wrong else f"{wrong:,} of them differ"
    return f"{each[0].expected.function} of {len(each):,} providers", f"{ours:,}", f"{theirs:,}", said


def name(counter: Counter) -> str:
    """Return a counter as one would call it."""
    argument = counter.expected.argument
    return counter.expected.function + (f"({checksum_address(argument)})" if argument else "")


def _theirs(counter: Counter) -> str:
    return "–" if counter.theirs is None else f"{counter.theirs:,}"


def _verdict(counter: Counter) -> Text:
    if counter.is_wrong:
        return Text("DIFFERS", style="bold red")
    if counter.agrees:
        return Text("equal", style="green")
    return Text(counter.why or "differs, by the contract's own rules perhaps", style="yellow")
