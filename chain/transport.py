"""
How a question travels to an endpoint, and how the whole answer comes back.

`HttpTransport` is the real one. Whatever a server does (accept and say nothing, drip, break off, send without end),
a `post` ends within its time: in the whole answer, whatever its status, or in an error with a remedy. What the
answer says is read in `replies`; the errors here do not name the endpoint, because `endpoint` does.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Protocol, Self

import aiohttp

from chain.errors import AskLess, TryAgain

ANSWER_BYTES_MAX = 64 * 1024 * 1024
"""How large an answer may be once it is unpacked; a larger one is not read to its end."""

HEADERS = {"content-type": "application/json"}


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """One whole HTTP answer, unpacked; `retry_after` is in seconds, in digits, where the server said so."""

    status: int
    body: bytes
    retry_after: str | None = None


class Transport(Protocol):
    """Something that carries a question to a URL."""

    async def post(self, url: str, body: bytes) -> HttpAnswer:
        """Return the whole answer. Raises `TryAgain` when there is none in time, `AskLess` when it is too large."""
        ...


class HttpTransport:
    """HTTP over connections that are kept. Use as an async context manager."""

    def __init__(self, *, timeout_seconds: float, answer_bytes_max: int = ANSWER_BYTES_MAX) -> None:
        self._timeout_seconds = timeout_seconds
        self._answer_bytes_max = answer_bytes_max
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        # Nobody needs to know us again: a cookie would only tie the endpoints of one host to each other.
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=self._timeout_seconds), cookie_jar=aiohttp.DummyCookieJar()
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def post(self, url: str, body: bytes) -> HttpAnswer:
        """Return the whole answer. Raises `TryAgain` when there is none in time, `AskLess` when it is too large."""
        assert self._session is not None, "use `async with HttpTransport(…)`"
        try:
            # A redirect is not followed: it would take the question, and the key in its URL, to a stranger.
            async with self._session.post(url, data=body, headers=HEADERS, allow_redirects=False) as response:
                content = await self._read(response)
                return HttpAnswer(status=response.status, body=content, retry_after=retry_after(response.headers))
        # Not chained to what aiohttp raised: it writes the whole URL into some messages, and keys live there.
        except TimeoutError:
            raise TryAgain(f"no whole answer within {self._timeout_seconds:g} s") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise TryAgain(_cause(error)) from None

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        content = bytearray()
        async for part in response.content.iter_any():
            content += part
            if len(content) > self._answer_bytes_max:
                raise AskLess(f"the answer is larger than {self._answer_bytes_max} bytes")
        return bytes(content)


def retry_after(headers: Mapping[str, str]) -> str | None:
    """Return the seconds of a Retry-After header, in digits; a date is reckoned from the server's own clock."""
    said = headers.get("Retry-After", "").strip()
    if said.isascii() and said.isdigit():
        return said
    try:
        until, now = parsedate_to_datetime(said), parsedate_to_datetime(headers.get("Date", ""))
        return str(max(0, int((until - now).total_seconds())))
    except (ValueError, TypeError, OverflowError):
        # No date, or one with a time zone and one without.
        return None


def _cause(error: Exception) -> str:
    """Return what went wrong, without the URL."""
    name = type(error).__name__
    match error:
        case aiohttp.InvalidURL() | aiohttp.NonHttpUrlClientError():
            return f"{name}: the URL cannot be used"
        case aiohttp.ClientResponseError():
            return f"{name}: {error.message}"
        case _:
            return f"{name}: {error}"
