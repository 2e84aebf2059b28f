"""
The cookie of a session, for pages that would rather not keep a token.

    production     __Host-lamda-session    HTTPS only, of this host alone, for no script to read
    development    lamda-session           the same over HTTP, where a browser would not take the other

A browser sends it by itself, so it counts only in requests that no strange page can have made: see `is_trusted`.
"""

from collections.abc import Collection

from starlette.datastructures import Headers
from starlette.responses import Response
from strawberry.http.websocket_origin import is_same_origin, normalize_origin

from graphql_api.account_store import Issued
from graphql_api.sign_in import Terms

NAME = "lamda-session"


def cookie_name(terms: Terms) -> str:
    """Return the cookie's name."""
    return f"__Host-{NAME}" if terms.is_secure else NAME


def keep_session(response: Response, session: Issued, terms: Terms) -> None:
    """Have a browser show a session from now on."""
    response.set_cookie(
        cookie_name(terms),
        session.token,
        max_age=int(terms.session.total_seconds()),
        path="/",
        secure=terms.is_secure,
        httponly=True,
        samesite="strict",
    )


def forget_session(response: Response, terms: Terms) -> None:
    """Have a browser forget its session."""
    response.delete_cookie(cookie_name(terms), path="/", secure=terms.is_secure, httponly=True, samesite="strict")


def is_trusted(headers: Headers, origins: Collection[str]) -> bool:
    """Say whether a request was made by no page at all, by one of this host, or by one of the origins named."""
    origin = headers.get("origin")
    if origin is None or headers.get("sec-fetch-site") == "same-origin":
        return True
    return is_same_origin(origin, headers.get("host")) or normalize_origin(origin) in origins
