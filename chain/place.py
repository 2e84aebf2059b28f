"""
What an endpoint is called, and what must never be shown of its URL.

Keys stand in paths, queries and passwords, and servers like to repeat a path in what they say.
"""

import re
from collections.abc import Sequence
from urllib.parse import parse_qsl, unquote, urlsplit

HIDDEN = "…"
SECRET_LENGTH_MIN = 4
"""Shorter parts of a URL are no keys; to hide them would garble words."""


def names_of(urls: Sequence[str]) -> list[str]:
    """Return a name for each URL: its host and port, numbered where that stands twice."""
    places = [_place(url) for url in urls]
    times = [places[: index + 1].count(place) for index, place in enumerate(places)]
    return [place if time == 1 else f"{place}#{time}" for place, time in zip(places, times, strict=True)]


class Veil:
    """Hides in a text what is secret in one URL."""

    def __init__(self, url: str) -> None:
        self._secrets = sorted(_secrets(url), key=len, reverse=True)

    def hide(self, text: str) -> str:
        """Return the text without path, query, user and password of the URL."""
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return text


def _place(url: str) -> str:
    try:
        return urlsplit(url).netloc.rpartition("@")[2].lower() or "a URL without a host"
    except ValueError:
        return "a URL that cannot be read"


def _secrets(url: str) -> set[str]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return {part for part in re.split(r"[/:?&=@#]", url) if len(part) >= SECRET_LENGTH_MIN}
    user = parts.netloc.rpartition("@")[0]
    values = [value for _, value in parse_qsl(parts.query)]
    found = [parts.path, parts.query, parts.fragment, user, *user.split(":"), *parts.path.split("/"), *values]
    return {each for part in found for each in (part, unquote(part)) if len(each) >= SECRET_LENGTH_MIN}
