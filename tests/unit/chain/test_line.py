"""What a bare “limit exceeded” means is put to the proof."""

import asyncio
from typing import Any

import pytest

from chain.calls import Call, header, logs_of
from chain.endpoint import Endpoint
from chain.errors import (
    AskAnother,
    AskLess,
    Cause,
    HistoryGone,
    LogsOff,
    RpcError,
    TryAgain,
)
from tests.unit.chain.nodes import Node, answer_of_status
from tests.unit.chain.with_nodes import OURS, logs_call, refusal_of, with_endpoint


@pytest.mark.parametrize(
    ("one", "many", "family"),
    [
        ("limit exceeded", None, LogsOff),
        ([], "limit exceeded", AskLess),
        ("missing trie node", "limit exceeded", HistoryGone),
        ("rate limit", "limit exceeded", TryAgain),
    ],
)
def test_a_bare_limit_is_put_to_the_proof_with_one_block(
    one: list[Any] | str, many: str | None, family: type[RpcError]
) -> None:
    """Refused again, logs are switched off; else the range was too wide, or whatever the node says now."""
    node = Node(logs=one, logs_of_many=many)
    _, error = with_endpoint(node, lambda endpoint: refusal_of(endpoint, logs_call()))

    assert type(error) is family
    assert getattr(error, "limit", None) is None
    assert [methods for _, methods in node.asked] == [["eth_getLogs"], ["eth_getLogs"]]


def test_logs_switched_off_are_said_plainly() -> None:
    """With the endpoint's name and what to do, and the endpoint rests for five minutes where there is another."""
    endpoint, error = with_endpoint(
        Node(logs="limit exceeded"), lambda endpoint: refusal_of(endpoint, header("latest"), logs_call()), Node()
    )

    assert str(error) == (
        "a: eth_getLogs is switched off here, even for one block (limit exceeded): use another endpoint"
    )
    assert endpoint.rests is not None
    assert endpoint.rests.until - endpoint.rests.since == 300


def test_a_bare_limit_at_one_block_that_passes_is_a_rate() -> None:
    """There is nothing less to ask for."""
    node = Node(logs="limit exceeded")

    async def act(endpoint: Endpoint) -> RpcError:
        asked = asyncio.create_task(refusal_of(endpoint, logs_of("0x" + "1" * 64, OURS)))
        await asyncio.sleep(0.015)
        node.logs = []
        return await asked

    _, error = with_endpoint(node, act)

    assert isinstance(error, TryAgain)
    assert error.cause is Cause.RATE


def test_a_bare_limit_of_another_question_is_no_proof() -> None:
    """Only eth_getLogs is known to be switched off that way."""
    node = Node(failure=answer_of_status(200, '{"error": {"message": "limit exceeded"}}'))
    endpoint, error = with_endpoint(node, lambda endpoint: refusal_of(endpoint, Call("echo", ("a",), str)))

    assert type(error) is AskAnother
    assert endpoint.rests is None
