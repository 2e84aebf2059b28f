"""People with real keys, the public ones of every local chain, who sign in to the API."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from eth_account import Account
from eth_account.messages import encode_defunct

from devnet.accounts import private_key
from models.values import show_bytes
from tests.integration.graphql_api.client import Client

SIGN_IN = """mutation ($message: String!, $signature: String!) {
    signIn(message: $message, signature: $signature) { token expiresAt account { address isAdmin } } }"""


@dataclass(frozen=True, slots=True)
class Wallet:
    """One account, by its number on every local chain."""

    index: int

    @property
    def address(self) -> str:
        return str(Account.from_key(private_key(self.index)).address)

    def sign(self, text: str) -> str:
        """Return the signature of a text."""
        return show_bytes(bytes(Account.sign_message(encode_defunct(text=text), private_key(self.index)).signature))

    async def enter(self, api: Client) -> Client:
        """Sign in and return a client that shows the session."""
        text = message(api.url, self.address, await nonce(api))
        session = (await api.ask(SIGN_IN, message=text, signature=self.sign(text)))["signIn"]
        return api.showing(session["token"])


async def nonce(api: Client) -> str:
    """Return a nonce that the API gives out."""
    given: str = (await api.ask("mutation { signInNonce }"))["signInNonce"]
    return given


def message(url: str, address: str, nonce: str, **changed: str | None) -> str:
    """Return what a wallet signs to sign in at a URL, with lines changed, or left out where they are None."""
    now = datetime.now(UTC)
    lines = {
        "URI": url,
        "Version": "1",
        "Chain ID": "56",
        "Nonce": nonce,
        "Issued At": stamp(now),
        "Expiration Time": stamp(now + timedelta(minutes=10)),
        "Not Before": None,
        **{name.replace("_", " "): value for name, value in changed.items() if name != "domain"},
    }
    domain = changed.get("domain") or urlsplit(url).netloc
    fields = "\n".join(f"{name}: {value}" for name, value in lines.items() if value is not None)
    return f"{domain} wants you to sign in with your Ethereum account:\n{address}\n\nSign in to Lamda.\n\n{fields}"


def stamp(moment: datetime) -> str:
    """Return a time as EIP-4361 writes it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
