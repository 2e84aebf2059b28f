"""How many connections stay open here: in all, and from one address."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from runtime.live_settings import LiveSettings


class Admission:
    """The connections that are open."""

    def __init__(self, limits: LiveSettings) -> None:
        self._limits = limits
        self._by_address: Counter[str] = Counter()
        self._open = 0

    @contextmanager
    def entering(self, address: str) -> Iterator[str | None]:
        """Count a connection for as long as it lasts; yield why it may not be, or None."""
        refusal = self._refusal(address)
        if refusal is not None:
            yield refusal
            return
        self._open += 1
        self._by_address[address] += 1
        try:
            yield None
        finally:
            self._open -= 1
            self._by_address[address] -= 1
            if not self._by_address[address]:
                del self._by_address[address]

    def _refusal(self, address: str) -> str | None:
        if self._open >= self._limits.api_live_connections_max:
            return "no room for more connections here: try again later"
        if self._by_address[address] >= self._limits.api_live_connections_per_address_max:
            return (
                f"{self._limits.api_live_connections_per_address_max} connections from one address are all that may be"
            )
        return None
