"""What providers really say, each with the remedy it asks for."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.calls import Call
from chain.errors import (
    AskAnother,
    AskLess,
    Cause,
    HistoryGone,
    Refused,
    Rest,
    RpcError,
    RunReverted,
    SplitTopics,
    TryAgain,
    family_of,
    range_limit,
)
from chain.replies import read
from chain.transport import HttpAnswer

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
AMBIGUOUS = ["limit exceeded"]
REVERTED = ["execution reverted: not the owner"]
WRONG_QUESTION = ["invalid argument 0: hex string without 0x prefix", "the method eth_foo does not exist", ""]

FAMILIES: list[tuple[str, type[RpcError]]] = [
    *((text, Rest) for text in CREDIT_GONE),
    *((text, HistoryGone) for text in HISTORY_GONE),
    *((text, AskLess) for text in (*NUMBERS_NAMED, *TOO_MUCH)),
    *((text, SplitTopics) for text in TOO_MANY_FILTERS),
    *((text, TryAgain) for text in (*HEAD_OR_FORK, *RATE)),
    *((text, AskAnother) for text in AMBIGUOUS),
    *((text, RunReverted) for text in REVERTED),
    *((text, Refused) for text in WRONG_QUESTION),
]


@pytest.mark.parametrize(("text", "family"), FAMILIES)
@pytest.mark.parametrize("said", ["{}", "bsc-1.example:443: {}", "{} (code -32005)", "request failed: {!r}"])
def test_each_text_asks_for_its_remedy(text: str, family: type[RpcError], said: str) -> None:
    """Whatever stands around it, and in any case."""
    message = said.format(text)

    assert type(family_of(message)) is type(family_of(message.upper())) is type(family_of(message.lower())) is family
    assert message in str(family_of(message))


ECHOED = {"method": "eth_getLogs", "params": ["exceed maximum block range: 7, Monthly capacity limit exceeded"]}


@pytest.mark.parametrize(("text", "family"), FAMILIES)
@pytest.mark.parametrize("case", [str, str.upper, str.lower])
@pytest.mark.parametrize("inside", [False, True])
def test_each_text_asks_for_its_remedy_as_message_and_as_data(
    text: str, family: type[RpcError], case: type[str], inside: bool
) -> None:
    """Also deep in the data; a request that is echoed beside them is not read."""
    said = case(text)
    data = {"reason": [said]} if inside else said
    errors = [{"code": -32000, "message": said, "request": ECHOED}, {"code": 3, "message": "failed", "data": data}]
    replies = [{"id": 1, "error": error, "request": ECHOED} for error in errors]

    families = []
    for reply in replies:
        (failure,) = read(HttpAnswer(status=200, body=json.dumps([reply]).encode()), {1: Call("eth_getLogs", (), str)})
        families.append((type(failure), getattr(failure, "limit", None)))

    assert [(family, NUMBERS_NAMED.get(text))] * 2 == families


@pytest.mark.parametrize(("text", "limit"), NUMBERS_NAMED.items())
def test_a_number_that_is_named_is_used(text: str, limit: int) -> None:
    """With separators, as k, in hex and as both ends of a range."""
    for said in (text, text.upper(), text.lower()):
        error = family_of(said)

        assert isinstance(error, AskLess)
        assert error.limit == limit


@pytest.mark.parametrize(("text", "limit"), NUMBERS_NAMED.items())
def test_a_range_that_works_is_no_limit_for_other_blocks(text: str, limit: int) -> None:
    """It was found for the blocks that were asked for; a limit of the endpoint's holds everywhere."""
    error = family_of(text)

    assert isinstance(error, AskLess)
    assert error.lasts == (limit not in (2, 101))


@pytest.mark.parametrize("text", TOO_MUCH)
def test_without_a_number_there_is_no_limit(text: str) -> None:
    """Whoever asks halves."""
    error = family_of(text)

    assert isinstance(error, AskLess)
    assert error.limit is None


@pytest.mark.parametrize(("texts", "cause"), [(HEAD_OR_FORK, Cause.BEHIND), (RATE, Cause.RATE)], ids=["behind", "rate"])
def test_waiting_has_a_cause(texts: list[str], cause: Cause) -> None:
    """A node that lacks a block is well; one that is asked too often wants to be asked less often."""
    assert [cause] * len(texts) == [getattr(family_of(text), "cause", None) for text in texts]


def test_an_endpoint_without_credit_rests_for_ten_minutes() -> None:
    """Asking it again at once would only cost us."""
    assert [600.0] * len(CREDIT_GONE) == [getattr(family_of(text), "seconds", None) for text in CREDIT_GONE]


def test_gas_is_no_range() -> None:
    """A limit of something else is not taken for one of blocks."""
    assert range_limit("transaction gas 30000000 exceeds limit of 16777216") is None


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
