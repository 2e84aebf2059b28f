"""
Who is connected as an agent, as the server counts it, and whose connections must end.

A connection carries the name it was let in under: the provider's address and the credential it showed.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from models.values import NotAnAddress, checksum_address, parse_address

MESSAGES_PER_SECOND_MAX = 200.0
BYTES_PER_SECOND_MAX = 2_000_000.0
# A short burst is no flood: an agent that comes back reports on many jobs at once.
BURST_MESSAGES = 2_000
BURST_BYTES = 20_000_000
SUBSCRIPTIONS_MAX = 500
CONNECTIONS_MAX = 16
"""How many connections one provider may have; the oldest stay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """One connection of an agent: on which server, by which number, how old, and what it has sent so far."""

    server: str
    number: int
    address: bytes
    credential: str
    age_seconds: float
    messages: int
    size: int
    subscriptions: int = 0

    @property
    def key(self) -> tuple[str, int]:
        """What no other connection has."""
        return self.server, self.number


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What a connection may still send before it counts as a flood, and what it had sent when that was so."""

    messages: float
    size: float
    messages_seen: int
    size_seen: int


def login_name(address: bytes, credential: str) -> str:
    """Return what a connection is called by which we know it again."""
    return f"{checksum_address(address)}.{credential}"


def read_name(name: str) -> tuple[bytes, str] | None:
    """Return the address and credential in a connection's name, or None for a name that is not of our making."""
    shown, _, credential = name.partition(".")
    try:
        return parse_address(shown), credential
    except NotAnAddress:
        return None


def allow(before: Allowance | None, now: Connected, *, seconds: float) -> Allowance:
    """Return what a connection may still send: it regains each second what it spends; below 0 it floods."""
    if before is None:
        before = Allowance(messages=BURST_MESSAGES, size=BURST_BYTES, messages_seen=0, size_seen=0)
        seconds = now.age_seconds
    messages = before.messages + seconds * MESSAGES_PER_SECOND_MAX - (now.messages - before.messages_seen)
    size = before.size + seconds * BYTES_PER_SECOND_MAX - (now.size - before.size_seen)
    return Allowance(
        messages=min(BURST_MESSAGES, messages),
        size=min(BURST_BYTES, size),
        messages_seen=now.messages,
        size_seen=now.size,
    )


def floods(connected: Iterable[Connected], allowances: Mapping[tuple[str, int], Allowance]) -> dict[bytes, str]:
    """Return the providers whose agents have sent or subscribed to more than they may, with a reason to keep."""
    return {
        each.address: f"flood: {each.messages:,} messages, {each.size:,} bytes, {each.subscriptions:,} subscriptions"
        " over one connection"
        for each in connected
        if min(allowances[each.key].messages, allowances[each.key].size) < 0 or each.subscriptions > SUBSCRIPTIONS_MAX
    }


def surplus(connected: Iterable[Connected]) -> list[Connected]:
    """Return the connections that a provider has beyond what it may have."""
    by_provider: dict[bytes, list[Connected]] = {}
    for each in connected:
        by_provider.setdefault(each.address, []).append(each)
    return [each for ours in by_provider.values() for each in sorted(ours, key=lambda one: one.key)[CONNECTIONS_MAX:]]


def unwelcome(
    connected: Iterable[Connected], *, ended: Collection[str], flooding: Collection[bytes]
) -> list[Connected]:
    """Return the connections whose credential has ended or whose provider floods."""
    return [each for each in connected if each.credential in ended or each.address in flooding]
