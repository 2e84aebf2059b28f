"""What a text may be searched as."""

import pytest

from graphql_api.searching import sought

ADDRESS = "0x52908400098527886E0F7030069857D2E4169EE7"


@pytest.mark.parametrize("text", [ADDRESS, ADDRESS.lower(), ADDRESS.upper(), ADDRESS[2:], f"  {ADDRESS}\n"])
def test_an_address_in_any_case_with_or_without_0x(text: str) -> None:
    """And with what a clipboard adds."""
    assert bytes.fromhex(ADDRESS[2:]) == sought(text)


def test_32_bytes_are_an_id_or_a_hash() -> None:
    """In any case too."""
    assert bytes.fromhex("aB" * 32) == sought("aB" * 32) == sought("0x" + "Ab" * 32)


@pytest.mark.parametrize("text", ["", "0x", "0x12", "RTX 4090", "g" * 40, "0x" + "a" * 41, "٣" * 40, "a" * 39 + "\0"])
def test_anything_else_is_neither(text: str) -> None:
    """It finds nothing, and nobody is asked."""
    assert sought(text) is None
