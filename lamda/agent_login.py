"""
What the reference agent shows at the door: a token it was given, or credentials that its wallet signs in for.

A wallet's credential is renewed before it ends; one that was turned away several times is not shown again.
"""

from datetime import UTC, datetime, timedelta
from typing import Protocol

from devnet.member import Credential, Member
from models.values import checksum_address

RENEW_BEFORE = timedelta(minutes=5)
REFUSALS_MAX = 3
NEVER = datetime.max.replace(tzinfo=UTC)


class Login(Protocol):
    """Where credentials come from."""

    address: bytes

    async def credential(self) -> Credential:
        """Return a credential to connect with."""

    def is_due(self) -> bool:
        """Say whether it is time to connect with another."""

    def doubt(self) -> None:
        """Note that the credential was turned away."""


class GivenToken:
    """A token that somebody else has signed in for."""

    def __init__(self, address: bytes, token: str, url: str) -> None:
        self.address = address
        shown = checksum_address(address)
        self._credential = Credential(
            url=url,
            token=token,
            expires_at=NEVER,
            dispatch_subject=f"jobs.dispatch.{shown}",
            status_subject=f"agents.{shown}.status",
        )

    async def credential(self) -> Credential:
        """Return the one there is."""
        return self._credential

    def is_due(self) -> bool:
        """Never: there is no other."""
        return False

    def doubt(self) -> None:
        """Nothing can be done about it but to try again."""


class Wallet:
    """A wallet that signs in by itself."""

    def __init__(self, member: Member) -> None:
        self.address = member.address
        self._member = member
        self._credential: Credential | None = None
        self._refusals = 0

    async def credential(self) -> Credential:
        """Return the credential we have, or a new one when it ends soon or is in doubt. Raises `ApiError`."""
        if self._credential is None or self.is_due():
            self._credential = await self._member.agent_credential()
        return self._credential

    def is_due(self) -> bool:
        """Say whether the credential ends soon."""
        return self._credential is not None and self._credential.expires_at - datetime.now(UTC) < RENEW_BEFORE

    def doubt(self) -> None:
        """Forget a credential that was turned away several times; once means nothing while nobody minds the door."""
        self._refusals += 1
        if self._refusals % REFUSALS_MAX == 0:
            self._credential = None
