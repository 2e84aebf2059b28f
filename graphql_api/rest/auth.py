"""
Sign-in over REST: the same as the mutations `signInNonce`, `signIn` and `signOut` and the query `me`.

With `cookie` the session is handed to the browser, and its token not told to the page.
"""

from datetime import UTC, datetime

from msgspec import UNSET, Struct, UnsetType

from graphql_api.admission import charge
from graphql_api.charging import SIGN_IN
from graphql_api.cookies import forget_session, keep_session
from graphql_api.entering import enter, leave
from graphql_api.rest.envelopes import Call, acts, reads
from graphql_api.rest.operations import Operation
from graphql_api.viewers import Viewer

PREFIX = "/api/v1/auth"


class Nonce(Struct, frozen=True):
    """What the next message to sign in by must hold."""

    nonce: str


class Attempt(Struct, frozen=True, kw_only=True):
    """A message of EIP-4361 and its signature; `cookie` is whether the browser is to keep the session."""

    message: str
    signature: str
    cookie: bool = False


class Account(Struct, frozen=True, kw_only=True):
    """Somebody who has signed in."""

    address: str
    is_admin: bool


class SignedIn(Struct, frozen=True, kw_only=True):
    """A session; its token is told unless the browser keeps it."""

    expires_at: datetime
    account: Account
    token: str | UnsetType = UNSET


class SignedOut(Struct, frozen=True):
    """Whether there was a session to end."""

    signed_out: bool


async def _nonce(call: Call) -> Nonce:
    await _charge(call, "signInNonce")
    return Nonce(await call.reading.world.accounts.issue_nonce())


async def _sign_in(call: Call) -> SignedIn:
    await _charge(call, SIGN_IN)
    world, attempt = call.reading.world, call.read_body(Attempt)
    entry = await enter(world, attempt.message, attempt.signature)
    if attempt.cookie:
        keep_session(call.noted, entry.session, world.terms)
    return SignedIn(
        expires_at=entry.session.expires_at.astimezone(UTC),
        account=_shown(entry.viewer),
        token=UNSET if attempt.cookie else entry.session.token,
    )


async def _sign_out(call: Call) -> SignedOut:
    await _charge(call, "signOut")
    forget_session(call.noted, call.reading.world.terms)
    return SignedOut(await leave(call.reading.world, call.reading.token))


async def _me(call: Call) -> Account:
    return _shown(await call.reading.signed_in())


async def _charge(call: Call, field: str) -> None:
    assert call.reading.visitor is not None, "a request has a visitor"
    await charge(call.reading.world.quotas, call.reading.visitor, call.reading.token, {field: 1})


def _shown(viewer: Viewer) -> Account:
    return Account(address=viewer.shown, is_admin=viewer.is_admin)


OPERATIONS = (
    Operation(
        method="POST",
        path=f"{PREFIX}/nonce",
        endpoint=acts(_nonce),
        summary="A nonce for one attempt to sign in",
        about="Good for ten minutes.",
        answers={200: Nonce},
        failures=(503,),
        tag="auth",
    ),
    Operation(
        method="POST",
        path=f"{PREFIX}/sign-in",
        endpoint=acts(_sign_in),
        summary="Sign in by a message of EIP-4361",
        about="The nonce in the message is used up, whether this succeeds or not.",
        body=Attempt,
        answers={200: SignedIn},
        failures=(400, 503),
        tag="auth",
    ),
    Operation(
        method="POST",
        path=f"{PREFIX}/sign-out",
        endpoint=acts(_sign_out),
        summary="End the session that is shown",
        answers={200: SignedOut},
        failures=(503,),
        signed_in=True,
        tag="auth",
    ),
    Operation(
        path=f"{PREFIX}/me",
        endpoint=reads(_me),
        summary="Who has signed in",
        answers={200: Account},
        failures=(401, 503),
        signed_in=True,
        tag="auth",
    ),
)
"""Every operation of this module."""
