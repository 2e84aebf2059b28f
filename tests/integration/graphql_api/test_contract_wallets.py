"""Signing in with wallets that are contracts, asked on two real chains and of endpoints that are not to be trusted."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from chain.connection import Connection
from chain.wallet import Wallet as Sender
from devnet.accounts import DEPLOYER, private_key
from models.values import show_bytes
from runtime.settings import AccountSettings
from tests.integration.anvils import anvil
from tests.integration.graphql_api.client import Client
from tests.integration.graphql_api.conftest import serving
from tests.integration.graphql_api.smart_wallets import OWNER, Manner, SmartWallet
from tests.integration.graphql_api.wallets import SIGN_IN, Wallet, message, nonce

STRANGER = Wallet(2)
BSC, OPBNB = 56, 204
YES = "0x1626ba7e" + "00" * 28


@pytest.fixture(scope="module")
def urls() -> Iterator[dict[int, str]]:
    """Where both chains are."""
    with ExitStack() as chains:
        yield {chain_id: chains.enter_context(anvil(chain_id=chain_id)) for chain_id in (BSC, OPBNB)}


@pytest.fixture(scope="module")
async def senders(urls: dict[int, str]) -> AsyncIterator[dict[int, Sender]]:
    """Somebody on each chain who can deploy."""
    async with AsyncExitStack() as stack:
        connections = {each: await stack.enter_async_context(Connection(url)) for each, url in urls.items()}
        yield {each: Sender(connection, private_key(DEPLOYER)) for each, connection in connections.items()}


@pytest.fixture(scope="module")
async def honest(senders: dict[int, Sender]) -> SmartWallet:
    """A wallet on BSC."""
    wallet = SmartWallet(salt=1)
    await wallet.deploy(senders[BSC])
    return wallet


@pytest.fixture
async def api(schema_url: str, urls: dict[int, str]) -> AsyncIterator[Client]:
    """An API that can ask both chains."""
    async with asking(schema_url, bsc=urls[BSC], opbnb=urls[OPBNB]) as client:
        yield client


@asynccontextmanager
async def asking(database_url: str, *, bsc: str, opbnb: str) -> AsyncIterator[Client]:
    """Serve an API that asks these endpoints."""
    accounts = AccountSettings.model_validate({"bsc_rpc_url": bsc, "opbnb_rpc_url": opbnb})
    async with serving(database_url, accounts=accounts) as client:
        yield client


@asynccontextmanager
async def endpoint(answers: Mapping[str, Any]) -> AsyncIterator[str]:
    """Run an endpoint that answers each method always alike, and give its URL."""

    async def answer(request: web.Request) -> web.Response:
        asked = await request.json()
        return web.json_response({"jsonrpc": "2.0", "id": asked["id"], **answers[asked["method"]]})

    app = web.Application()
    app.router.add_post("/", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def enter(
    api: Client, address: str, *, by: Wallet = OWNER, chain_id: int = BSC, wrapped_for: SmartWallet | None = None
) -> Any:
    """Try to sign in at an address by somebody's signature."""
    text = message(api.url, address, await nonce(api), Chain_ID=str(chain_id))
    signature = by.sign(text) if wrapped_for is None else wrapped_for.wrap(by.sign(text))
    return await api.respond(SIGN_IN, message=text, signature=signature)


def entered(answer: Any) -> str:
    """Return who was let in."""
    return str(answer["data"]["signIn"]["account"]["address"])


def code(answer: Any) -> str:
    """Return the code of what kept somebody out."""
    return str(answer["errors"][0]["extensions"]["code"])


async def test_a_contract_signs_in_by_its_owner(api: Client, honest: SmartWallet) -> None:
    """And by nobody else."""
    assert honest.address == entered(await enter(api, honest.address))

    answer = await enter(api, honest.address, by=STRANGER)
    assert code(answer) == "SIGN_IN_REFUSED"
    assert f"no contract at {honest.address} accepts it" in answer["errors"][0]["message"]


async def test_a_contract_signs_in_on_no_chain_but_its_own(api: Client, honest: SmartWallet) -> None:
    """The message says where to look, and there it is not."""
    assert code(await enter(api, honest.address, chain_id=OPBNB)) == "SIGN_IN_REFUSED"


async def test_a_contract_signs_in_before_it_is_deployed(api: Client) -> None:
    """By a signature that says how it would be (ERC-6492); on either chain."""
    wallet = SmartWallet(salt=2)

    assert wallet.address == entered(await enter(api, wallet.address, wrapped_for=wallet, chain_id=OPBNB))
    assert code(await enter(api, wallet.address, by=STRANGER, wrapped_for=wallet)) == "SIGN_IN_REFUSED"


async def test_somebody_elses_contract_at_the_same_address_is_asked_too(
    api: Client, senders: dict[int, Sender]
) -> None:
    """Who gets a contract to an address that is somebody's on the other chain does not become that somebody."""
    wallet, yes = SmartWallet(salt=3), SmartWallet(salt=4, manner=Manner.ALWAYS_YES)
    await wallet.deploy(senders[BSC])
    await yes.deploy(senders[OPBNB])
    opbnb = senders[OPBNB].connection.web3
    stolen = await opbnb.eth.get_code(yes.address)  # type: ignore[arg-type]  # It is in EIP-55 form.
    await opbnb.provider.make_request("anvil_setCode", [wallet.address, show_bytes(bytes(stolen))])  # type: ignore[arg-type]  # A method of anvil's.

    assert code(await enter(api, wallet.address, by=STRANGER, chain_id=OPBNB)) == "SIGN_IN_REFUSED"
    assert wallet.address == entered(await enter(api, wallet.address, chain_id=OPBNB))


@pytest.mark.parametrize(
    ("manner", "expected"), [(Manner.BURNS_GAS, "SIGN_IN_REFUSED"), (Manner.SHOUTS, "UNAVAILABLE")]
)
async def test_a_contract_that_takes_too_much_is_not_waited_for(
    api: Client, senders: dict[int, Sender], manner: Manner, expected: str
) -> None:
    """Its gas has a limit, and so has what it answers."""
    wallet = SmartWallet(salt=5, manner=manner)
    await wallet.deploy(senders[BSC])

    async with asyncio.timeout(30):
        assert code(await enter(api, wallet.address)) == expected


async def test_a_contract_cannot_send_us_elsewhere(api: Client, senders: dict[int, Sender]) -> None:
    """A reverted lookup (EIP-3668) names a URL of its choice; nobody connects to it."""
    visits = 0

    async def note(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal visits
        visits += 1
        writer.close()

    wallet = SmartWallet(salt=6, manner=Manner.SENDS_ELSEWHERE)
    await wallet.deploy(senders[BSC])
    async with await asyncio.start_server(note, "127.0.0.1", 0) as server:
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        text = message(api.url, wallet.address, await nonce(api))
        answer = await api.respond(SIGN_IN, message=text, signature=show_bytes(url.encode()))

    assert (code(answer), visits) == ("SIGN_IN_REFUSED", 0)


async def test_one_endpoint_that_lies_lets_nobody_in(schema_url: str, urls: dict[int, str]) -> None:
    """Where there are two: else whoever owns one could be anybody, an admin too."""
    lies = {"eth_chainId": {"result": hex(BSC)}, "eth_call": {"result": YES}, "eth_getCode": {"result": "0x00"}}
    async with endpoint(lies) as liar, asking(schema_url, bsc=f"{liar},{urls[BSC]}", opbnb=urls[OPBNB]) as api:
        assert code(await enter(api, Wallet(0).address, by=STRANGER)) == "SIGN_IN_REFUSED"


async def test_two_endpoints_that_agree_let_somebody_in(
    schema_url: str, urls: dict[int, str], honest: SmartWallet
) -> None:
    """Also when a third is down."""
    async with asking(schema_url, bsc=f"http://127.0.0.1:9,{urls[BSC]},{urls[BSC]}", opbnb=urls[OPBNB]) as api:
        assert honest.address == entered(await enter(api, honest.address))


@pytest.mark.parametrize(
    "answers",
    [
        {"eth_chainId": {"result": "0x1"}},
        {"eth_chainId": {"error": {"code": -32005, "message": "too many requests"}}},
        {"eth_chainId": {"result": hex(BSC)}, "eth_call": {"error": {"code": -32005, "message": "rate limit"}}},
        {"eth_chainId": {"result": hex(BSC)}, "eth_call": {"result": [5]}},
    ],
    ids=["another chain", "busy", "busy later", "nonsense"],
)
async def test_an_endpoint_that_cannot_say_is_not_taken_for_a_no(
    schema_url: str, urls: dict[int, str], honest: SmartWallet, answers: Mapping[str, Any]
) -> None:
    """Whoever signed well may try again in a moment."""
    async with endpoint(answers) as url, asking(schema_url, bsc=url, opbnb=urls[OPBNB]) as api:
        assert code(await enter(api, honest.address)) == "UNAVAILABLE"


async def test_plain_accounts_need_no_chain(schema_url: str) -> None:
    """Their signatures are known for theirs without anybody's word."""
    async with asking(schema_url, bsc="http://127.0.0.1:9", opbnb="http://127.0.0.1:9") as api:
        assert OWNER.address == entered(await enter(api, OWNER.address))
