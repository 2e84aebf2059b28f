"""What was found survives its way through a row, and a range is read in parts that neither overlap nor skip."""

import json

from hypothesis import given
from hypothesis import strategies as some

from indexer.rereading import PART_BLOCKS, parts_of
from indexer.rereading_values import Counts, Difference, DifferenceKind, Findings
from models.values import BlockRange, ProofLevel

NUMBERS = some.integers(min_value=0, max_value=10**6)


@given(first=NUMBERS, length=some.integers(min_value=1, max_value=5 * PART_BLOCKS))
def test_parts_are_the_whole(first: int, length: int) -> None:
    """In order, without a gap, none too large."""
    blocks = BlockRange(first=first, last=first + length - 1)
    parts = list(parts_of(blocks))

    assert list(range(blocks.first, blocks.last + 1)) == [
        number for part in parts for number in range(part.first, part.last + 1)
    ]
    assert max(map(len, parts)) <= PART_BLOCKS


def test_findings_are_kept_as_json() -> None:
    """As a row of `requests` holds them."""
    found = Findings(
        blocks=BlockRange(first=1, last=9),
        level=ProofLevel.BLOOM,
        applied=True,
        tables={"job_created": Counts(missing=1, changed=2), "job_confirmed": Counts(surplus=3)},
        examples=(
            Difference(
                table="job_created", kind=DifferenceKind.MISSING, block_number=3, log_index=0, key="0x" + "aa" * 32
            ),
        ),
        heartbeats_from=5,
        taken_back=0,
    )

    assert found == Findings.of_json(json.loads(json.dumps(found.as_json())))
    assert Counts(missing=1, surplus=3, changed=2) == found.total
