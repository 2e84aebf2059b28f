"""
A GraphQL API over HTTP: a document and variables in, a typed answer out.

Asking again after trouble is left to the caller, who learns what would help:

    ApiError
    ├── ApiAway         nobody answers, or not now: the same may be asked again in a moment
    └── ApiRefused      the answer is no; `code` says why
        └── SignedOut   because nobody is signed in
"""

from types import TracebackType
from typing import Any, Self, TypeVar

import aiohttp
import msgspec

Answer = TypeVar("Answer")

PATIENCE_SECONDS = 10.0
SHOWN_MAX = 200

SIGNED_OUT = {"UNAUTHENTICATED"}
NOT_NOW = {"UNAVAILABLE", "TOO_SLOW", "INTERNAL", "RATE_LIMITED"}
"""Codes of errors that another try may not meet."""


class ApiError(Exception):
    """The API did not do what it was asked to."""


class ApiAway(ApiError):
    """Nobody answered, or the answer was that another time is better."""


class ApiRefused(ApiError):
    """The API said no, and will say no again."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


class SignedOut(ApiRefused):
    """The operation wants somebody to be signed in, and nobody is, or no longer."""


class _Extensions(msgspec.Struct, frozen=True):
    code: str = ""


class _Error(msgspec.Struct, frozen=True):
    message: str
    extensions: _Extensions = _Extensions()


class _Response(msgspec.Struct, frozen=True):
    data: msgspec.Raw = msgspec.Raw(b"null")
    errors: tuple[_Error, ...] | None = None


class Api:
    """One API, asked over connections that are kept; used as an async context."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE_SECONDS))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def ask(self, document: str, answer: type[Answer], *, token: str | None = None, **variables: Any) -> Answer:
        """Return what the API answers whoever holds the session with this token. Raises `ApiError`."""
        status, body = await self._post({"query": document, "variables": variables}, token)
        try:
            response = msgspec.json.decode(body, type=_Response)
            if not response.errors and status < 400:
                return msgspec.json.decode(response.data, type=answer)
        except msgspec.DecodeError as error:
            raise self._no_answer(status, body) from error
        raise self._refusal(status, response.errors or ())

    async def _post(self, question: dict[str, Any], token: str | None) -> tuple[int, bytes]:
        if self._session is None:
            raise RuntimeError("the API is asked outside of its context")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            async with self._session.post(f"{self.url}/graphql", json=question, headers=headers) as response:
                return response.status, await response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ApiAway(f"the API at {self.url} does not answer: {error or type(error).__name__}") from error

    def _refusal(self, status: int, errors: tuple[_Error, ...]) -> ApiError:
        """Return the error that tells what the API said."""
        said = "; ".join(error.message for error in errors) or f"HTTP {status}"
        code = errors[0].extensions.code if errors else ""
        message = f"the API at {self.url} refused: {said[:SHOWN_MAX]}"
        if status == 401 or code in SIGNED_OUT:
            return SignedOut(message, code=code)
        if status == 429 or status >= 500 or code in NOT_NOW:
            # Not in its own words: they may differ from answer to answer.
            return ApiAway(f"the API at {self.url} cannot answer now: {code or f'HTTP {status}'}")
        return ApiRefused(message, code=code)

    def _no_answer(self, status: int, body: bytes) -> ApiError:
        """Return the error for what is no answer of GraphQL, or not of the shape we know."""
        if status == 401:
            return SignedOut(f"the API at {self.url} answered 401", code="")
        shown = body.decode(errors="replace")[:SHOWN_MAX]
        return ApiAway(f"the API at {self.url} answered {status} with what is no answer to the question: {shown}")
