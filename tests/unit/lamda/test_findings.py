"""What an operator reads at the end of a reindex or a verify."""

import io
from dataclasses import replace

from rich.console import Console, RenderableType

from indexer.audit_values import Audit, Counter, Expected
from indexer.rereading_values import Counts, Difference, DifferenceKind, Findings
from lamda import audit as audit_page
from lamda import findings as findings_page
from models.values import BlockRange, Chain, ProofLevel

FOUND = Findings(
    blocks=BlockRange(first=1_000, last=20_000),
    level=ProofLevel.BLOOM,
    applied=False,
    tables={"job_created": Counts(missing=1), "job_confirmed": Counts(surplus=2)},
    examples=(
        Difference(
            table="job_created", kind=DifferenceKind.MISSING, block_number=1_234, log_index=3, key="0x" + "ab" * 32
        ),
    ),
)


def text_of(page: RenderableType) -> str:
    """Return a page as it is printed where no terminal is."""
    console = Console(width=100, file=io.StringIO())
    with console.capture() as captured:
        console.print(page)
    return captured.get()


def test_differences_are_counted_and_the_first_named() -> None:
    """By table; keys stay whole, block numbers without separators, so that both can be copied."""
    said = text_of(findings_page.page(Chain.BSC, FOUND))

    for words in ("bsc: blocks 1,000–20,000 read again, proven by BLOOM", "--repair would mend it", "0x" + "ab" * 32):
        assert words in said
    assert ["all", "1", "2", "0"] in [line.split() for line in said.splitlines()]
    assert ["missing", "block", "1234", "log", "3"] in [line.split()[:5] for line in said.splitlines()]


def test_what_was_mended_and_left_out_is_said() -> None:
    said = text_of(findings_page.page(Chain.OPBNB, replace(FOUND, applied=True, heartbeats_from=1_500, taken_back=7)))

    for words in ("was mended", "heartbeats before block 1,500", "7 facts above block 20,000 were taken back"):
        assert words in said
    assert "nothing differed" in text_of(findings_page.page(Chain.BSC, replace(FOUND, tables={}, examples=())))


def test_an_audit_names_the_providers_that_differ() -> None:
    """Those that agree are summed up; what no contract answered is told with its reason."""

    def counter(ours: int, theirs: int | None, argument: bytes | None = None, why: str | None = None) -> Counter:
        name = "successfulJobsCount" if argument else "totalProviders"
        expected = Expected(function=name, ours=ours, is_exact=argument is not None, argument=argument)
        return Counter(expected=expected, theirs=theirs, why=why)

    agreeing = [counter(5, 5, bytes([number]) * 20) for number in range(2, 9)]
    counters = (counter(1, 2, b"\x01" * 20), *agreeing, counter(3, None, why="gone"))
    said = text_of(audit_page.page(Audit(chain=Chain.OPBNB, block=77, counters=counters, moved_because="no state")))

    for words in ("at block 77", "no state", "successfulJobsCount(0x0101", "of 8 providers", "1 of them differ"):
        assert words in said
    assert ["totalProviders", "3", "–", "gone"] in [line.split() for line in said.splitlines()]
