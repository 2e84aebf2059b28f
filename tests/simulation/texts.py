"""What endpoints say when they do not answer, word for word, by the remedy it asks for."""

RATE = (
    "rate limit",
    "Too Many Requests",
    "requests limited to 25/s",
    "exceeded the RPS limit",
    "under too much load",
)
REST = (
    "Monthly capacity limit exceeded",
    "upgrade your tier",
    "chain is not available on free plan",
)
HISTORY_GONE = (
    "History has been pruned for this block",
    "Archive requests require a personal token",
    "Archive, Debug and Trace requests are not available on your current plan",
    "pruned history unavailable",
    "missing trie node 7c3f",
)
"""Believed for good: only an endpoint whose history is really gone says so."""

RANGE_WITH_NUMBER = (
    "exceed maximum block range: {limit}",
    "this block range should work: [{first:#x}, {last:#x}]",
    "query returned more than 10000 results. Try with this block range [{first:#x}, {last:#x}].",
    "eth_getLogs is limited to a {limit} range",
    "limited to {limit} block",
    "ranges over {limit} blocks are not supported on freetier",
    "max is {limit} blocks",
    "range 5000 exceeds limit of {limit}",
    "maximum is set to {limit}",
    "Maximum allowed number of requested blocks is {limit}",
    "query exceeds max results 20000, retry with the range {first}-{last}",
)
TOO_MANY_TOPICS = ("exceed max addresses or topics per search position", "specify less number of address")
TOO_MUCH = (
    "block range is too wide",
    "Block range limit exceeded",
    "block range too large",
    "response too large",
    "Log response size exceeded",
    "too many results",
    "query exceeds max results",
    "query timeout exceeded",
    "execution timeout",
)
HEAD_OR_FORK = (
    "invalid block range params",
    "header not found",
    "unknown block",
    "block not found",
    "BlockOutOfRangeError",
    "greater than latest",
    "hash is not currently canonical",
    "finalized block not found",
)
LOGS_SWITCHED_OFF = "limit exceeded"
"""Without any other word: eth_getLogs is switched off, or a rate was exceeded."""
