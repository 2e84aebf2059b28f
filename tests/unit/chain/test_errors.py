"""What providers really say, each with the remedy it asks for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.errors import AskAnother, AskLess, Refused, RpcError, TryAgain, family_of, range_limit

CREDIT_GONE = [
    "Monthly capacity limit exceeded",
    "Your app has exceeded its compute units; upgrade your tier to continue",
    "chain is not available on free plan",
]
HISTORY_GONE = [
    "History has been pruned for this block",
    "Archive requests require a personal token",
    "Archive, Debug and Trace requests are not available on your current plan",
    "pruned history unavailable",
    "missing trie node 5f3b (path )",
]
NUMBERS_NAMED = {
    "exceed maximum block range: 5000": 5_000,
    "this block range should work: [0xA, 0xB]": 2,
    "Log response size exceeded. You can make requests with up to a 2K block range": 2_000,
    "query returned more than 10000 results. Try with this block range [0xA, 0xB].": 2,
    "eth_getLogs is limited to a 10,000 range": 10_000,
    "eth_getLogs and eth_newFilter are limited to 1024 block range": 1_024,
    "ranges over 10000 blocks are not supported on freetier": 10_000,
    "requested too many blocks, max is 1k blocks": 1_000,
    "range 5000 exceeds limit of 1000": 1_000,
    "requested too many blocks from 0 to 5000, maximum is set to 2048": 2_048,
    "Maximum allowed number of requested blocks is 3500": 3_500,
    "query exceeds max results 20000, retry with the range 100-200": 101,
}
TOO_MANY_FILTERS = [
    "exceed max addresses or topics per search position",
    "specify less number of address",
]
TOO_MUCH = [
    "block range is too wide",
    "Block range limit exceeded. See more details",
    "block range too large",
    "response too large",
    "Log response size exceeded.",
    "too many results",
    "query exceeds max results",
    "query timeout exceeded",
    "execution timeout",
]
HEAD_OR_FORK = [
    "invalid block range params",
    "header not found",
    "unknown block",
    "block not found: 0x10",
    "BlockOutOfRangeError: block height is 90 but requested was 95",
    "block number greater than latest",
    "hash is not currently canonical",
    "finalized block not found",
]
RATE = [
    "rate limit exceeded",
    "daily request count exceeded, request rate limited: rate limit",
    "Too Many Requests",
    "requests limited to 100 per second",
    "You have exceeded the RPS limit",
    "the node is under too much load",
]
SWITCHED_OFF = ["limit exceeded"]
WRONG_QUESTION = ["invalid argument 0: hex string without 0x prefix", "the method eth_foo does not exist", ""]

FAMILIES: list[tuple[str, type[RpcError]]] = [
    *((text, AskAnother) for text in (*CREDIT_GONE, *HISTORY_GONE, *SWITCHED_OFF)),
    *((text, AskLess) for text in (*NUMBERS_NAMED, *TOO_MUCH)),
    *((text, TryAgain) for text in (*HEAD_OR_FORK, *RATE)),
    *((text, Refused) for text in (*TOO_MANY_FILTERS, *WRONG_QUESTION)),
]


@pytest.mark.parametrize(("text", "family"), FAMILIES)
@pytest.mark.parametrize("said", ["{}", "bsc-1.example:443: {}", "{} (code -32005)", "request failed: {!r}"])
def test_each_text_asks_for_its_remedy(text: str, family: type[RpcError], said: str) -> None:
    """Whatever stands around it, and in any case."""
    message = said.format(text)

    assert type(family_of(message)) is type(family_of(message.upper())) is family
    assert message in str(family_of(message))


@pytest.mark.parametrize(("text", "limit"), NUMBERS_NAMED.items())
def test_a_number_that_is_named_is_used(text: str, limit: int) -> None:
    """With separators, as k, in hex and as both ends of a range."""
    error = family_of(text)

    assert isinstance(error, AskLess)
    assert error.limit == limit


@pytest.mark.parametrize("text", TOO_MUCH)
def test_without_a_number_there_is_no_limit(text: str) -> None:
    """Whoever asks halves."""
    error = family_of(text)

    assert isinstance(error, AskLess)
    assert error.limit is None


def test_a_switched_off_method_is_named_as_such() -> None:
    """An operator should look for another endpoint, not for a smaller range."""
    assert "eth_getLogs switched off" in str(family_of("bsc-dataseed.example: limit exceeded"))


PHRASES = st.sampled_from(
    [
        "exceed maximum block range: ",
        "up to a ",
        "limited to a ",
        "limited to ",
        "max is ",
        "exceeds limit of ",
        "maximum is set to ",
        "requested blocks is ",
        "try with this block range [",
        "retry with the range ",
        "k block range",
        " blocks",
        ", ",
        "-",
        "0x",
        "]",
    ]
)
NUMBERS = st.integers(0, 10**30).map(str) | st.sampled_from([",", ",,", "0", "007", "9" * 5_000, "٣", "fff", "0xA"])


@given(parts=st.lists(PHRASES | NUMBERS | st.text(max_size=3), max_size=8))
def test_whatever_an_endpoint_says_has_a_remedy(parts: list[str]) -> None:
    """No text makes us fail, and no limit is nothing or less."""
    message = "".join(parts)
    limit = range_limit(message)

    assert isinstance(family_of(message), RpcError)
    assert limit is None or limit > 0
