"""
Sign-in over REST: the same as the mutations `signInNonce`, `signIn` and `signOut` and the query `me`.

    POST /api/v1/auth/nonce       {nonce}
    POST /api/v1/auth/sign-in     {message, signature, cookie?} → {expires_at, account, token}
    POST /api/v1/auth/sign-out    {signed_out}
    GET  /api/v1/auth/me          {address, is_admin}; 401 for somebody who has not signed in

With `cookie` the session is handed to the browser, and its token not told to the page.
"""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from graphql_api.admission import charge
from graphql_api.charging import SIGN_IN
from graphql_api.cookies import forget_session, keep_session
from graphql_api.entering import enter, leave
from graphql_api.errors import BadInput, Declined
from graphql_api.plain import show_failure
from graphql_api.reading import Reading
from graphql_api.scalars import show_moment
from graphql_api.viewers import Viewer
from graphql_api.visits import Visit

PREFIX = "/api/v1/auth"
STATUS = {
    "BAD_INPUT": 400,
    "SIGN_IN_REFUSED": 401,
    "UNAUTHENTICATED": 401,
    "TOO_LARGE": 413,
    "RATE_LIMITED": 429,
    "TOO_SLOW": 503,
    "UNAVAILABLE": 503,
}

Act = Callable[[Request, Visit, Response], Awaitable[dict[str, Any]]]


def auth_routes() -> list[Route]:
    """Return the routes."""
    return [
        Route(f"{PREFIX}/nonce", _door(_nonce), methods=["POST"]),
        Route(f"{PREFIX}/sign-in", _door(_sign_in), methods=["POST"]),
        Route(f"{PREFIX}/sign-out", _door(_sign_out), methods=["POST"]),
        Route(f"{PREFIX}/me", _door(_me), methods=["GET"]),
    ]


async def _nonce(_: Request, visit: Visit, __: Response) -> dict[str, Any]:
    await _charge(visit, "signInNonce")
    return {"nonce": await visit.world.accounts.issue_nonce()}


async def _sign_in(request: Request, visit: Visit, response: Response) -> dict[str, Any]:
    await _charge(visit, SIGN_IN)
    given = await _read(request)
    entry = await enter(visit.world, _text(given, "message"), _text(given, "signature"))
    told = {"expires_at": show_moment(entry.session.expires_at), "account": _shown(entry.viewer)}
    if given.get("cookie") is True:
        keep_session(response, entry.session, visit.world.terms)
        return told
    return {**told, "token": entry.session.token}


async def _sign_out(_: Request, visit: Visit, response: Response) -> dict[str, Any]:
    await _charge(visit, "signOut")
    forget_session(response, visit.world.terms)
    return {"signed_out": await leave(visit.world, visit.token)}


async def _me(_: Request, visit: Visit, __: Response) -> dict[str, Any]:
    reading = Reading(visit.world, visit.token)
    try:
        return _shown(await reading.signed_in())
    finally:
        await reading.close()


def _door(act: Act) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        # What goes back besides the body, as headers and cookies, is noted here.
        noted = Response()
        del noted.headers["content-length"]
        visit = Visit.of(request.app.state.world, request, noted)
        try:
            told = JSONResponse({"success": True, "data": await act(request, visit, noted)})
        except Declined as error:
            told = JSONResponse(show_failure(error.message), status_code=STATUS.get(error.code, 400))
        told.raw_headers.extend(noted.raw_headers)
        told.headers["Cache-Control"] = "no-store"
        return told

    return answer


async def _charge(visit: Visit, field: str) -> None:
    assert visit.visitor is not None, "a request has a visitor"
    await charge(visit.world.quotas, visit.visitor, visit.token, {field: 1})


async def _read(request: Request) -> dict[str, Any]:
    try:
        given = json.loads(await request.body())
    except (ValueError, RecursionError) as error:
        raise BadInput("the body is not JSON: expected an object with message and signature") from error
    if not isinstance(given, dict):
        raise BadInput("the body is not an object: expected one with message and signature")
    return given


def _text(given: dict[str, Any], name: str) -> str:
    value = given.get(name)
    if not isinstance(value, str):
        raise BadInput(f"{name} is missing: expected text")
    return value


def _shown(viewer: Viewer) -> dict[str, Any]:
    return {"address": viewer.shown, "is_admin": viewer.is_admin}
