"""
Decide whether a message of Sign-In with Ethereum (EIP-4361) and its signature let somebody in.

    message ─► its nonce, used up by the caller whatever comes after ─► our domain, URI, chain and time? ─► signature

Reading the message by its grammar costs much for hostile ones, so what is long, or not addressed to us, is refused
before. Only the signatures of plain accounts are known here: a contract wallet's is verified on its chain, by whoever
asked us.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

import siwe  # type: ignore[import-untyped]  # It has annotations, but does not say so.

from graphql_api.errors import BadInput, SignInRefused
from models.values import Chain, checksum_address, parse_address
from runtime.settings import AccountSettings, ApiSettings

MESSAGE_MAX = 1000
VALIDITY_MAX = timedelta(hours=24)
SIGNATURE_MAX = 2 + 2 * 8192
"""Characters of a signature: a plain account's are 132, a contract's are as many as the contract likes."""

_FIRST_LINE = re.compile(r"(?:[a-zA-Z][a-zA-Z0-9+\-.]*://)?(\S+) wants you to sign in with your Ethereum account:")
_NONCE_LINE = re.compile(r"^Nonce: ([a-zA-Z0-9]{8,64})$", re.MULTILINE)
_SIGNATURE = re.compile(r"0x(?:[0-9a-fA-F]{2})*")

_REFUSALS: dict[type[siwe.VerificationError], str] = {
    siwe.ExpiredMessage: "the message has expired: sign a new one",
    siwe.NotYetValidMessage: "the message is not valid yet: its Not Before is still to come",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """
    What we let people sign in by: messages for these sites and chains, and for how long they are in then.

    `is_secure` where all of this happens over HTTPS.
    """

    domains: frozenset[str]
    uris: frozenset[str]
    chain_ids: frozenset[int]
    session: timedelta
    admins: frozenset[str]
    is_secure: bool

    @classmethod
    def of(cls, accounts: AccountSettings, api: ApiSettings) -> "Terms":
        """Return the terms that settings make; in development the API's own addresses are good without any."""
        own = _own_domains(api) if accounts.environment == "development" else frozenset[str]()
        own_uris = frozenset(f"http://{domain}{path}" for domain in own for path in ("", "/", "/graphql"))
        return cls(
            domains=frozenset(accounts.sign_in_domains) or own,
            uris=frozenset(accounts.sign_in_uris) or own_uris,
            chain_ids=frozenset((accounts.bsc_chain_id, accounts.opbnb_chain_id)),
            session=timedelta(hours=accounts.session_hours),
            admins=frozenset(map(checksum_address, accounts.admin_addresses)),
            is_secure=accounts.environment == "production",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Who says by a good message to be here; `is_proven` when the signature is that of a plain account."""

    address: bytes
    chain_id: int
    is_proven: bool


def nonce_of(message: str) -> str:
    """Return the nonce of a message, for the caller to use up. Raises `BadInput` when it cannot have one."""
    nonces = _NONCE_LINE.findall(message) if len(message) <= MESSAGE_MAX else []
    if len(nonces) != 1:
        raise BadInput(
            f"message: not a message of Sign-In with Ethereum: expected the text of EIP-4361, {MESSAGE_MAX} characters "
            "at most, with one Nonce from signInNonce"
        )
    return str(nonces[0])


def read_claim(message: str, signature: str, terms: Terms, now: datetime) -> Claim:
    """Return who claims to sign in by a message whose nonce was good. Raises `BadInput` or `SignInRefused`."""
    first = _FIRST_LINE.fullmatch(message.partition("\n")[0])
    if first is None:
        raise BadInput("message: does not begin as EIP-4361 wants: … wants you to sign in with your Ethereum account:")
    _one_of(terms.domains, first[1], "domain", "SIGN_IN_DOMAINS")
    parsed = _parse(message)
    _one_of(terms.uris, parsed.uri, "URI", "SIGN_IN_URIS")
    if parsed.scheme is not None and not parsed.uri.startswith(f"{parsed.scheme}://"):
        raise SignInRefused(f"scheme {parsed.scheme!r} is not that of the URI {parsed.uri!r}")
    if parsed.chain_id not in terms.chain_ids:
        ours = " or ".join(str(each) for each in sorted(terms.chain_ids))
        chains = " or ".join(chain.name for chain in Chain)
        raise SignInRefused(f"chain id {parsed.chain_id} is not one of ours: expected {chains}, {ours}")
    _check_expiration(parsed, now)
    is_proven = _verify(parsed, signature, first[1], now)
    return Claim(address=parse_address(parsed.address), chain_id=parsed.chain_id, is_proven=is_proven)


def _own_domains(api: ApiSettings) -> frozenset[str]:
    return frozenset(f"{host}:{api.api_port}" for host in ("localhost", "127.0.0.1", api.api_host))


def _parse(message: str) -> siwe.SiweMessage:
    try:
        parsed = siwe.SiweMessage.from_message(message)
    except (ValueError, OverflowError, RecursionError) as error:
        raise BadInput("message: does not follow EIP-4361; have a library for it write the message") from error
    if parsed.prepare_message() != message:
        # What is verified is the text written anew: it must be the text that was signed, to the letter.
        raise BadInput("message: not written as EIP-4361 writes it; have a library for it write the message")
    return parsed


def _one_of(allowed: frozenset[str], given: str, what: str, setting: str) -> None:
    if given not in allowed:
        raise SignInRefused(f"{what} {given!r} is not one that people sign in from here: setting {setting} names them")


def _check_expiration(parsed: siwe.SiweMessage, now: datetime) -> None:
    if parsed.expiration_time is None:
        raise SignInRefused("the message never expires: it must have an Expiration Time, 24 hours ahead at most")
    if parsed.expiration_time._datetime > now + VALIDITY_MAX:
        raise SignInRefused(f"Expiration Time {parsed.expiration_time} is more than 24 hours ahead")


def _verify(parsed: siwe.SiweMessage, signature: str, domain: str, now: datetime) -> bool:
    """Say whether a plain account signed; everything else about the message must be right."""
    if len(signature) > SIGNATURE_MAX or _SIGNATURE.fullmatch(signature) is None:
        raise SignInRefused(f"signature: expected bytes in hex with 0x, {SIGNATURE_MAX} characters at most")
    try:
        parsed.verify(
            signature,
            domain=domain,
            nonce=parsed.nonce,
            uri=parsed.uri,
            chain_id=parsed.chain_id,
            timestamp=now,
            strict=True,
        )
    except siwe.InvalidSignature:
        return False
    except siwe.VerificationError as error:
        raise SignInRefused(_REFUSALS.get(type(error), f"the message is not good: {type(error).__name__}")) from error
    return True
