"""Whom to ask before something is done that cannot be undone, and whom to believe."""

from typing import Any

import msgspec
import pytest

from chain.errors import TryAgain
from dispatch.witness import REST_SECONDS, Witness
from tests.unit.chain.nodes import Node, rpc_of
from tests.unit.chain.virtual_time import now, run
from tests.unit.dispatch.test_verify import CLAIM, CONTRACT, LOG, word

TOLD = [msgspec.to_builtins(LOG)]
MADE_UP = [msgspec.to_builtins(msgspec.structs.replace(LOG, data=word(b"\1")))]
DOWN = TryAgain("connection refused")


def there() -> Node:
    """Return a node that has the log."""
    return Node(logs=TOLD)


def without() -> Node:
    """Return a node that has the block and not the log."""
    return Node(logs=[])


def otherwise() -> Node:
    """Return a node that has another log in its place."""
    return Node(logs=MADE_UP)


def behind() -> Node:
    """Return a node that does not have the block, and says so."""
    return Node(logs="unknown block", lacks_block=True)


def silently_behind() -> Node:
    """Return a node that does not have the block, and answers that it has no logs of it."""
    return Node(logs=[], lacks_block=True)


def down() -> Node:
    """Return a node that nobody reaches."""
    return Node(failure=DOWN)


def outcome(*nodes: Node) -> tuple[bool, list[int]]:
    """Return whether the claim is proven by these nodes, the indexer's last, and how often each was asked."""

    async def main() -> Any:
        async with rpc_of(*nodes) as rpc:
            witness = Witness(rpc, CONTRACT, clock=now)
            proven = bool(await witness.proven([CLAIM]))
            assert proven is (witness.resting == [])
            return proven

    return run(main()), [len([each for _, each in node.asked if "eth_getLogs" in each]) for node in nodes]


@pytest.mark.parametrize(
    ("proven", "nodes"),
    [
        pytest.param((True, [1]), [there()], id="the only one has it"),
        pytest.param((False, [2]), [without()], id="the only one does not have it"),
        pytest.param((False, [2]), [otherwise()], id="the only one has another"),
        pytest.param((True, [1, 0]), [there(), there()], id="the second is asked, the indexer's is not"),
        pytest.param((True, [1, 1]), [behind(), there()], id="one without the block is no reason to doubt"),
        pytest.param((True, [2, 1]), [silently_behind(), there()], id="nor is one that does not say so"),
        pytest.param((True, [1, 1]), [down(), there()], id="nor is one that is away"),
        pytest.param((False, [2, 1]), [without(), there()], id="one against the indexer's: nobody is believed"),
        pytest.param((False, [2, 2]), [without(), without()], id="that it is not there is confirmed"),
        pytest.param((True, [2, 1, 1]), [without(), there(), there()], id="the first lies: two others outweigh it"),
        pytest.param((False, [2, 2, 1]), [without(), without(), there()], id="the indexer's lies"),
        pytest.param((True, [1, 0, 0]), [there(), down(), down()], id="one that is not the indexer's is enough"),
        pytest.param((False, [1, 1]), [behind(), down()], id="nobody can say"),
    ],
)
def test_whom_to_believe(proven: tuple[bool, list[int]], nodes: list[Node]) -> None:
    assert proven == outcome(*nodes)


def test_what_is_not_proven_rests_and_is_asked_about_again() -> None:
    async def main() -> Any:
        node = behind()
        async with rpc_of(node) as rpc:
            clock = [0.0]
            witness = Witness(rpc, CONTRACT, clock=lambda: clock[0])
            doubted = await witness.proven([CLAIM])
            resting = witness.resting
            clock[0] = REST_SECONDS
            node.logs = TOLD
            return doubted, resting, witness.resting, await witness.proven([CLAIM])

    assert run(main()) == ([], [CLAIM], [], [CLAIM])


def test_an_endpoint_that_is_outvoted_rests() -> None:
    async def main() -> Any:
        async with rpc_of(without(), there(), there()) as rpc:
            await Witness(rpc, CONTRACT, clock=now).proven([CLAIM])
            return [endpoint.name for endpoint in rpc.endpoints if endpoint.is_resting]

    assert run(main()) == ["a"]
