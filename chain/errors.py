"""
What an endpoint's failure asks of us: one family for each remedy.

    RpcError
    ├── TryAgain            wait a little, then the same question; `cause` says what for
    ├── AskLess             the same question over fewer blocks; `limit` where the endpoint named a number
    ├── AskAnother          this endpoint cannot answer it; on its own: it exceeds a limit that is not named
    │   ├── HistoryGone     it keeps no logs or state that old; an archive endpoint does
    │   └── Rest            it can answer nothing for a while: no credit left, or not in its plan
    │       └── LogsOff     it has eth_getLogs switched off
    ├── SplitTopics         the same question about fewer topics or addresses at once
    └── Refused             the question itself is wrong, as far as this endpoint knows
        └── RunReverted     a contract ran and said no; every honest endpoint says the same

`family_of` decides by the texts that providers really send. The order of the table is the order of the tests: a
long, telling phrase before the short one it contains.
"""

import re
from enum import Enum

CREDIT_SECONDS = 600.0
"""How long an endpoint without credit rests, or one whose plan lacks what we ask for."""

LOGS_OFF_SECONDS = 300.0
DENIED_SECONDS = 60.0
"""How long one rests that does not let us in, and does not say why: a wrong key, or a gateway in a mood."""


class Cause(Enum):
    """Why waiting helps."""

    TROUBLE = "no whole, sensible answer came"
    BEHIND = "the endpoint does not have that block, or not on its branch"
    RATE = "we ask too often"


class RpcError(Exception):
    """An endpoint did not give a usable answer; the message names the endpoint and what it said."""


class TryAgain(RpcError):
    """Wait, then ask the same again; `after_seconds` where the endpoint said how long."""

    def __init__(self, message: str, after_seconds: float | None = None, *, cause: Cause = Cause.TROUBLE) -> None:
        super().__init__(message)
        self.after_seconds = after_seconds
        self.cause = cause


class AskLess(RpcError):
    """
    Ask for fewer blocks; `limit` is the number of blocks the endpoint takes, where it said so.

    `lasts` tells a limit that holds for every range from one that the endpoint found for the blocks asked for.
    """

    def __init__(self, message: str, limit: int | None = None, *, lasts: bool = True) -> None:
        super().__init__(message)
        self.limit = limit
        self.lasts = lasts


class AskAnother(RpcError):
    """Ask another endpoint: this one cannot answer now, however we ask."""


class HistoryGone(AskAnother):
    """Ask an archive endpoint: this one does not keep what is that old, in however small a range."""


class Rest(AskAnother):
    """Leave this endpoint alone for `seconds` and ask another."""

    def __init__(self, message: str, seconds: float = CREDIT_SECONDS) -> None:
        super().__init__(message)
        self.seconds = seconds


class LogsOff(Rest):
    """Ask another endpoint: this one answers eth_getLogs to nobody."""

    def __init__(self, message: str, seconds: float = LOGS_OFF_SECONDS) -> None:
        super().__init__(message, seconds)


class SplitTopics(RpcError):
    """Ask about fewer topics or addresses at once."""


class Refused(RpcError):
    """The endpoint understood and refuses; the request must change. So is every text that nobody knows."""


class RunReverted(Refused):
    """A contract ran and refused: asking another endpoint would not change that."""


NO_CREDIT = (
    "monthly capacity limit exceeded",
    "upgrade your tier",
    "chain is not available on free plan",
)
HISTORY_GONE = (
    "history has been pruned for this block",
    "archive requests require a personal token",
    "archive, debug and trace requests are not available",
    "pruned history unavailable",
    "missing trie node",
)

RANGE_WITH_NUMBER = re.compile(
    r"exceed maximum block range: (?P<a>\d[\d,]{0,11})"
    r"|up to a (?P<b>\d{1,9}k) block range"
    r"|limited to a? ?(?P<c>\d[\d,]{0,11}) (?:range|block)"
    r"|ranges over (?P<d>\d[\d,]{0,11}) blocks"
    r"|max is (?P<e>\d{1,9}k?) blocks"
    r"|range(?: [\d,]{1,12})? exceeds limit of (?P<f>\d[\d,]{0,11})"
    r"|maximum is set to (?P<g>\d[\d,]{0,11})"
    r"|requested blocks is (?P<h>\d[\d,]{0,11})",
    re.IGNORECASE,
)
RANGE_THAT_WORKS = re.compile(
    r"(?:this block range should work|try with this block range|retry with the range):? "
    r"\[?(?P<first>0x[0-9a-f]{1,15}|\d{1,18})(?:, ?|-)(?P<last>0x[0-9a-f]{1,15}|\d{1,18})",
    re.IGNORECASE,
)
TOO_MANY_FILTERS = (
    "exceed max addresses or topics per search position",
    "specify less number of address",
)
TOO_MUCH = (
    "block range is too wide",
    "block range limit exceeded",
    "block range too large",
    "response too large",
    "log response size exceeded",
    "too many results",
    "query exceeds max results",
    "query returned more than",
    "query timeout exceeded",
    "execution timeout",
)
BEHIND = (
    "invalid block range params",
    "header not found",
    "unknown block",
    "block not found",
    "blockoutofrangeerror",
    "greater than latest",
    "hash is not currently canonical",
    "finalized block not found",
)
RATE = (
    "rate limit",
    "too many requests",
    "requests limited to",
    "exceeded the rps limit",
    "under too much load",
)


def family_of(message: str) -> RpcError:
    """Return the error, of the family whose remedy fits, for what an endpoint said in `message` or `data`."""
    text = message.lower()
    if _says(text, NO_CREDIT):
        return Rest(message)
    if _says(text, HISTORY_GONE):
        return HistoryGone(message)
    if (limit := range_limit(message)) is not None:
        return AskLess(message, limit, lasts=RANGE_THAT_WORKS.search(message) is None)
    if _says(text, TOO_MANY_FILTERS):
        return SplitTopics(message)
    if _says(text, TOO_MUCH):
        return AskLess(message)
    if _says(text, BEHIND):
        return TryAgain(message, cause=Cause.BEHIND)
    if _says(text, RATE):
        return TryAgain(message, cause=Cause.RATE)
    if "limit exceeded" in text:
        return AskAnother(message)
    return RunReverted(message) if "execution reverted" in text else Refused(message)


def range_limit(message: str) -> int | None:
    """Return the number of blocks that the message says one request may span, if it says so."""
    works = RANGE_THAT_WORKS.search(message)
    if works:
        return max(1, _block(works["last"]) - _block(works["first"]) + 1)
    found = RANGE_WITH_NUMBER.search(message)
    if not found:
        return None
    digits = next(group for group in found.groups() if group).replace(",", "").lower()
    # No blocks at all is not a limit that anybody could keep to.
    return int(digits.removesuffix("k")) * (1000 if digits.endswith("k") else 1) or None


def _says(text: str, phrases: tuple[str, ...]) -> bool:
    return any(phrase in text for phrase in phrases)


def _block(text: str) -> int:
    return int(text, 16 if text[:2].lower() == "0x" else 10)
