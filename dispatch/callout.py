"""
The language of NATS' auth callout: what the server asks, and the signed answers it takes.

    server ── authorization request (JWT) ──► us ── authorization response (JWT) ──► server
                                                       └─ user (JWT): permissions, valid until …

All are JWTs signed with nkeys (ed25519). Who is let in is decided elsewhere (`door`).
"""

import base64
import binascii
import json
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import nkeys  # type: ignore[import-untyped]  # It has no annotations.

from dispatch.route import Permissions
from runtime.errors import CannotRun
from runtime.nats_configuration import AGENTS_ACCOUNT

SUBJECT = "$SYS.REQ.USER.AUTH"
HEADER = {"typ": "JWT", "alg": "ed25519-nkey"}


class NotARequest(ValueError):
    """The message is no authorization request."""


class BadSeed(CannotRun):
    """The setting holds no nkey seed of an account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginRequest:
    """Somebody who wants in: the key the server gave them, the server, and the token they showed (or nothing)."""

    user_key: str
    server_id: str
    token: str
    host: str


def read_request(payload: bytes) -> LoginRequest:
    """
    Return what the server asks. Raises `NotARequest`.

    Its signature is not looked at: only the server may publish on this subject, and the answer goes to it alone.
    """
    try:
        request = json.loads(_unbase64(payload.split(b".")[1]))["nats"]
        return LoginRequest(
            user_key=str(request["user_nkey"]),
            server_id=str(request["server_id"]["id"]),
            token=str(request["connect_opts"].get("auth_token", "")),
            host=str(request["client_info"].get("host", "")),
        )
    except (LookupError, TypeError, AttributeError, ValueError, binascii.Error) as error:
        raise NotARequest(f"{type(error).__name__}: {error}") from error


class Answers:
    """Answers signed with the seed of the account that the server trusts."""

    def __init__(self, seed: str) -> None:
        try:
            self._key = nkeys.from_seed(bytearray(seed.strip().encode()))
            self._issuer = str(self._key.public_key.decode())
        except (nkeys.NkeysError, ValueError, binascii.Error):
            raise BadSeed("setting NATS_CALLOUT_SEED is no nkey seed: expected an account's, SA…") from None
        if not self._issuer.startswith("A"):
            raise BadSeed("setting NATS_CALLOUT_SEED is the seed of another kind of key: expected an account's, SA…")

    def admit(
        self, request: LoginRequest, *, name: str, permissions: Permissions, until: datetime, now: datetime
    ) -> bytes:
        """Return the answer that lets somebody in, with these permissions, until then."""
        user = {
            "name": name,
            "sub": request.user_key,
            "aud": AGENTS_ACCOUNT,
            "exp": int(until.timestamp()),
            "nats": {
                "type": "user",
                "version": 2,
                "pub": {"allow": list(permissions.publish)},
                "sub": {"allow": list(permissions.subscribe)},
                # Servers do not enforce limits that come by callout; our intake looks at sizes itself.
                "subs": -1,
                "data": -1,
                "payload": -1,
            },
        }
        return self._respond(request, {"jwt": self._signed(user, now)}, now)

    def refuse(self, request: LoginRequest, reason: str, *, now: datetime) -> bytes:
        """Return the answer that keeps somebody out; the reason goes to the server's log."""
        return self._respond(request, {"error": reason}, now)

    def _respond(self, request: LoginRequest, answer: dict[str, Any], now: datetime) -> bytes:
        claims = {
            "sub": request.user_key,
            "aud": request.server_id,
            "nats": {"type": "authorization_response", "version": 2, **answer},
        }
        return self._signed(claims, now).encode()

    def _signed(self, claims: dict[str, Any], now: datetime) -> str:
        full = {"jti": secrets.token_hex(16), "iat": int(now.timestamp()), "iss": self._issuer, **claims}
        content = f"{_base64(_json(HEADER))}.{_base64(_json(full))}"
        return f"{content}.{_base64(self._key.sign(content.encode()))}"


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _unbase64(text: bytes) -> bytes:
    return base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))
