"""Global ids."""

import base64

import pytest

from graphql_api.errors import BadInput
from graphql_api.schema import node

ADDRESS = "0x52908400098527886E0F7030069857D2E4169EE7"


def test_an_id_is_the_base64_of_type_and_key() -> None:
    """One text for any object."""
    assert base64.b64decode(node.provider_id(ADDRESS)).decode() == f"Provider:{ADDRESS}"
    assert base64.b64decode(node.job_id(bytes(32))).decode() == "Job:0x" + "00" * 32


def test_an_id_is_read_back() -> None:
    """As the key it was made of."""
    assert node.read(node.provider_id(ADDRESS)) == ADDRESS
    assert node.read(node.job_id(bytes(31) + b"\x07")) == bytes(31) + b"\x07"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Job:1",
        "\ud800",
        "=",
        *(
            base64.b64encode(raw).decode()
            for raw in (
                b"Job:",
                b"Job:0x12",
                b"Renter:0x12",
                b"Provider:" + b"0x" + b"00" * 32,
                b"\xff\xfe",
                b":",
            )
        ),
    ],
)
def test_what_is_no_id_of_ours_is_named(text: str) -> None:
    """Forged or mistyped."""
    with pytest.raises(BadInput, match=r"id: .* is not a global id; expected the `id` of a job or a provider"):
        node.read(text)
