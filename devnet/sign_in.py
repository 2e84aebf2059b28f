"""
Prove a wallet to the API: Sign-In with Ethereum, EIP-4361.

The text says who signs in where, on which chain and when, and holds a nonce that the API gave out for this one time.
Asking for the nonce and handing in the signature is left to `devnet.api_client`.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from eth_account import Account
from eth_account.messages import encode_defunct

from models.values import checksum_address, show_bytes

MESSAGE = """\
{domain} wants you to sign in with your Ethereum account:
{address}

Sign in to the Lamda Network.

URI: {url}
Version: 1
Chain ID: {chain_id}
Nonce: {nonce}
Issued At: {issued_at}
Expiration Time: {expires_at}"""

VALID_FOR = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """One sign-in, still to be signed. `url` is where it is handed in, `issued_at` any time with a zone."""

    url: str
    address: bytes
    chain_id: int
    nonce: str
    issued_at: datetime

    @property
    def text(self) -> str:
        """Return what the wallet signs."""
        return MESSAGE.format(
            domain=urlsplit(self.url).netloc,
            address=checksum_address(self.address),
            url=self.url,
            chain_id=self.chain_id,
            nonce=self.nonce,
            issued_at=_shown(self.issued_at),
            expires_at=_shown(self.issued_at + VALID_FOR),
        )


def _shown(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def sign(text: str, private_key: bytes) -> str:
    """Return a wallet's signature of a text, as wallets sign texts (EIP-191)."""
    return show_bytes(bytes(Account.sign_message(encode_defunct(text=text), private_key).signature))
