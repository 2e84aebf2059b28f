"""Where somebody asks from."""

import pytest

from graphql_api.visitors import address_of


@pytest.mark.parametrize(
    ("host", "visitor"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "testclient"),
    ],
)
def test_a_visitor_is_an_address_or_a_network_of_one(host: str, visitor: str) -> None:
    """Whoever has an IPv6 network has 2^64 addresses, and is one visitor all the same."""
    assert address_of({"client": (host, 1234)}) == visitor


def test_a_client_that_nobody_knows_is_one_visitor() -> None:
    """As over a socket of the file system."""
    assert address_of({"client": None}) == ""
