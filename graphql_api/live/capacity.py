"""How many connections stay open here: in all, and from one address."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from runtime.live_settings import LiveSettings


class Capacity:
    """The connections that are open."""

    def __init__(self, limits: LiveSettings) -> None:
        self._limits = limits
        self._by_address: Counter[str] = Counter()

    @property
    def open(self) -> int:
        """How many connections are open."""
        return self._by_address.total()

    def refusal(self, address: str) -> str | None:
        """Return why one more connection from an address may not be, or None when it may."""
        if self.open >= self._limits.api_live_connections_max:
            return "there is no room for more connections here: try again later"
        most = self._limits.api_live_connections_per_address_max
        if self._by_address[address] >= most:
            return f"{most} connections from one address are all that may be: close one first"
        return None

    @contextmanager
    def entered(self, address: str) -> Iterator[None]:
        """Count a connection for as long as it lasts."""
        self._by_address[address] += 1
        try:
            yield
        finally:
            self._by_address[address] -= 1
            if not self._by_address[address]:
                del self._by_address[address]
