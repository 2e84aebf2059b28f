"""Where somebody asks from, what has been paid for, and the response that goes back if there is one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

from starlette.responses import Response

from graphql_api.meters import Standing

NETWORK_BITS = 64
"""How much of an IPv6 address is one visitor's: the rest they choose as they like."""

ADDRESSES_KEPT = 10_000
"""Of how many addresses it is remembered how they read."""


@dataclass(slots=True, kw_only=True)
class Visitor:
    """
    One HTTP request or one WebSocket.

    `prepaid` is how many operations have been counted already: a request's first was, when it came in. `response` is
    what headers and cookies of the answer are noted on; on a WebSocket there is none.
    """

    address: str
    prepaid: int = 0
    response: Response | None = None

    def turn_away(self, standing: Standing) -> None:
        """Note on the response, if there is one, that they ask too often."""
        if self.response is not None:
            self.response.status_code = 429
            for name, value in headers_of(standing).items():
                self.response.headers.append(name, value)


def headers_of(*standings: Standing) -> dict[str, str]:
    """Return what is left of quotas as headers, with when to come back for whoever must wait."""
    if not standings:
        return {}
    waits = [standing.wait for standing in standings if standing.wait_seconds]
    return {
        "RateLimit-Policy": ", ".join(standing.quota.policy for standing in standings),
        "RateLimit": ", ".join(standing.shown for standing in standings),
        **({"Retry-After": str(max(waits))} if waits else {}),
    }


def labels_of(standings: Sequence[Standing]) -> list[tuple[bytes, bytes]]:
    """Return the same as labels of a response."""
    return [(name.lower().encode(), value.encode()) for name, value in headers_of(*standings).items()]


def address_of(scope: Mapping[str, Any]) -> str:
    """Return where a request comes from, as far as one visitor is told from another."""
    return _address_of(str((scope.get("client") or ("",))[0]))


@lru_cache(maxsize=ADDRESSES_KEPT)
def _address_of(host: str) -> str:
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped or ip_network((address, NETWORK_BITS), strict=False))
    return str(address)
