"""
Who is connected as an agent, as the server counts it, and whose connections must end.

A connection carries the name it was let in under: the provider's address and the credential it showed.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from models.values import NotAnAddress, checksum_address, parse_address

# Of a provider, over all its connections: with as many it could send as many times more.
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
    """What a provider may still send before it is a flood, and what each connection had sent when that was so."""

    messages: float = BURST_MESSAGES
    size: float = BURST_BYTES
    seen: Mapping[tuple[str, int], Connected] = field(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        """Say whether nothing of it is spent."""
        return self.messages >= BURST_MESSAGES and self.size >= BURST_BYTES


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


def allow(before: Allowance | None, now: Sequence[Connected], *, seconds: float) -> Allowance:
    """Return what a provider may still send: it regains each second what it spends; below 0 it floods."""
    if before is None:
        before, seconds = Allowance(), max((each.age_seconds for each in now), default=0.0)
    messages, size = before.messages + seconds * MESSAGES_PER_SECOND_MAX, before.size + seconds * BYTES_PER_SECOND_MAX
    for each in now:
        known = before.seen.get(each.key)
        # One that is older than our last look and was not seen then may have sent as much as it was allowed until then.
        unseen_seconds = 0.0 if known else max(0.0, each.age_seconds - seconds)
        sent, sent_size = (known.messages, known.size) if known else (0, 0)
        messages -= max(0.0, each.messages - sent - unseen_seconds * MESSAGES_PER_SECOND_MAX)
        size -= max(0.0, each.size - sent_size - unseen_seconds * BYTES_PER_SECOND_MAX)
    return Allowance(
        messages=max(-BURST_MESSAGES, min(BURST_MESSAGES, messages)),
        size=max(-BURST_BYTES, min(BURST_BYTES, size)),
        seen={each.key: each for each in now},
    )


def allow_all(
    before: Mapping[bytes, Allowance], connected: Iterable[Connected], *, seconds: float
) -> dict[bytes, Allowance]:
    """Return what each provider may still send; who has gone keeps what it owes until that is regained."""
    now = by_provider(connected)
    allowed = {
        address: allow(before.get(address), now.get(address, ()), seconds=seconds) for address in {*before, *now}
    }
    return {address: each for address, each in allowed.items() if address in now or not each.is_whole}


def floods(connected: Iterable[Connected], allowances: Mapping[bytes, Allowance]) -> dict[bytes, str]:
    """Return the providers whose agents have sent or subscribed to more than they may, with a reason to keep."""
    return {
        address: f"flood: {sum(each.messages for each in ours):,} messages, {sum(each.size for each in ours):,} bytes, "
        f"{sum(each.subscriptions for each in ours):,} subscriptions over {len(ours)} connections"
        for address, ours in by_provider(connected).items()
        if min(allowances[address].messages, allowances[address].size) < 0
        or max(each.subscriptions for each in ours) > SUBSCRIPTIONS_MAX
    }


def by_provider(connected: Iterable[Connected]) -> dict[bytes, list[Connected]]:
    """Return the connections of each provider."""
    found: dict[bytes, list[Connected]] = {}
    for each in connected:
        found.setdefault(each.address, []).append(each)
    return found


def surplus(connected: Iterable[Connected]) -> list[Connected]:
    """Return the connections that a provider has beyond what it may have."""
    oldest_first = [
        sorted(ours, key=lambda one: (-one.age_seconds, one.key)) for ours in by_provider(connected).values()
    ]
    return [each for ours in oldest_first for each in ours[CONNECTIONS_MAX:]]


def unwelcome(
    connected: Iterable[Connected], *, ended: Collection[str], flooding: Collection[bytes]
) -> list[Connected]:
    """Return the connections whose credential has ended or whose provider floods."""
    return [each for each in connected if each.credential in ended or each.address in flooding]
