"""GraphiQL's page beyond its files: its sign-in, run by Node with a wallet of ours, and its examples."""

import json
import re

import pytest

from graphql_api.graphiql import PAGE
from models.values import Chain
from tests.clients import programs
from tests.integration.graphql_api.client import Client
from tests.integration.graphql_api.market import Market
from tests.integration.graphql_api.wallets import Wallet

# As the page reads them.
EXAMPLES = [each for each in re.split(r"^(?=# )", (PAGE / "examples.graphql").read_text("utf-8"), flags=re.M) if each]


async def test_the_page_signs_in_with_a_wallet(api: Client, market: Market) -> None:
    """On a chain that is not ours the wallet signs for one that is; the address is written as EIP-55 wants it."""
    await market.checkpoint(Chain.BSC, number=1)
    wallet = Wallet(1)
    program = await programs.start("sign_in.mjs", api.url, wallet.address)
    assert program.stdout is not None
    asked = json.loads(await program.stdout.readline())
    printed, _ = await program.communicate(f"{wallet.sign(asked['text'])}\n".encode())

    session = json.loads(printed)
    me = await api.showing(session["token"]).ask("{ me { address } }")
    assert asked["account"] == session["account"]["address"] == me["me"]["address"] == wallet.address
    assert "Chain ID: 56" in asked["text"]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda each: each.partition("\n")[0][2:40])
async def test_every_example_of_the_page_is_answered(full: Client, example: str) -> None:
    """Queries with data, subscriptions without complaint."""
    if "subscription" in example:
        async with full.watch(example) as watching, full.watch(example.replace("cursor", "cursors")) as mistaken:
            assert (await mistaken.message())["type"] == "error"
            assert watching is not None
    else:
        assert (await full.ask(example)).keys()
