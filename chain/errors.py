"""
What an endpoint's failure asks of us: one family for each remedy.

    RpcError
    ├── TryAgain     wait a little, then the same question: rate limits, time-outs, a head not yet there
    ├── AskLess      the same question over fewer blocks; `limit` where the endpoint named a number
    ├── AskAnother   this endpoint cannot answer it: history gone, logs switched off, credits used up
    └── Refused      the question itself is wrong; asking anybody again will not help

`family_of` decides by the texts that providers really send. The order of the table is the order of the tests: a
long, telling phrase before the short one it contains.
"""

import re


class RpcError(Exception):
    """An endpoint did not give a usable answer; the message names the endpoint and what it said."""


class TryAgain(RpcError):
    """Wait, then ask the same again; `after_seconds` where the endpoint said how long."""

    def __init__(self, message: str, after_seconds: float | None = None) -> None:
        super().__init__(message)
        self.after_seconds = after_seconds


class AskLess(RpcError):
    """Ask for fewer blocks; `limit` is the number of blocks the endpoint takes, where it said so."""

    def __init__(self, message: str, limit: int | None = None) -> None:
        super().__init__(message)
        self.limit = limit


class AskAnother(RpcError):
    """Ask another endpoint: this one cannot answer now, however we ask."""


class Refused(RpcError):
    """The endpoint understood and refuses; the request must change."""


REST = (
    "monthly capacity limit exceeded",
    "upgrade your tier",
    "chain is not available on free plan",
    "history has been pruned for this block",
    "archive requests require a personal token",
    "archive, debug and trace requests are not available",
    "pruned history unavailable",
    "missing trie node",
)
"""The endpoint has no credit left, or no history that old."""

RANGE_WITH_NUMBER = re.compile(
    r"exceed maximum block range: (?P<a>\d[\d,]{0,11})"
    r"|up to a (?P<b>\d{1,9}k) block range"
    r"|limited to a? ?(?P<c>\d[\d,]{0,11}) (?:range|block)"
    r"|ranges over (?P<d>\d[\d,]{0,11}) blocks"
    r"|max is (?P<e>\d{1,9}k?) blocks"
    r"|exceeds limit of (?P<f>\d[\d,]{0,11})"
    r"|maximum is set to (?P<g>\d[\d,]{0,11})"
    r"|requested blocks is (?P<h>\d[\d,]{0,11})",
    re.IGNORECASE,
)
RANGE_THAT_WORKS = re.compile(
    r"(?:this block range should work|try with this block range|retry with the range):? "
    r"\[?(?P<first>0x[0-9a-f]{1,15}|\d{1,18})(?:, ?|-)(?P<last>0x[0-9a-f]{1,15}|\d{1,18})",
    re.IGNORECASE,
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
HEAD_OR_FORK = (
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
    if any(phrase in text for phrase in REST):
        return AskAnother(message)
    limit = range_limit(message)
    if limit is not None or any(phrase in text for phrase in TOO_MUCH):
        return AskLess(message, limit)
    if any(phrase in text for phrase in (*HEAD_OR_FORK, *RATE)):
        return TryAgain(message)
    if "limit exceeded" in text:
        return AskAnother(f"{message} (this endpoint seems to have eth_getLogs switched off)")
    return Refused(message)


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


def _block(text: str) -> int:
    return int(text, 16 if text[:2].lower() == "0x" else 10)
