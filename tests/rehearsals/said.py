"""What a program has said, looked at as a person does."""

import re


def numbers_of(said: str, chain: str) -> list[int]:
    """Return the numbers of a chain's row in `lamda status`: head, finalized, indexed, blocks behind."""
    found = re.search(rf"^{chain} +([\d,]+) +([\d,]+) +([\d,]+) +([\d,]+) blocks", said, re.MULTILINE)
    assert found is not None, said
    return [int(each.replace(",", "")) for each in found.groups()]
