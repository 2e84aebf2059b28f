"""What the server is ordered to make, and what it counts."""

import msgspec


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """
    A chain: `empty` blocks, then busy ones up to `blocks`, and `growing` more, one every so many seconds.

    Those have logs, too, unless it `grows_empty`.
    """

    blocks: int
    empty: int = 0
    growing: int = 0
    seconds: float = 0.0
    grows_empty: bool = False


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """
    What one chain's endpoint is like.

    `tells_time` says that its logs carry `blockTimestamp` and its headers no `milliTimestamp`; `range_max` is how many
    blocks it takes at once; what is final trails its head by `unfinal_blocks`.
    """

    made: Made
    tells_time: bool = False
    range_max: int = 10_000
    unfinal_blocks: int = 2


class Counts(msgspec.Struct, kw_only=True):
    """What an endpoint was asked."""

    requests: int = 0
    calls: dict[str, int] = msgspec.field(default_factory=dict)
    bytes_asked: int = 0
    bytes_answered: int = 0
