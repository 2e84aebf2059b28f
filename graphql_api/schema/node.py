"""
Global ids: one opaque text for any object, so that a client can ask for it again knowing nothing else.

An id is the base64 of the type's name and the object's own key: `Job:0x…`, `Provider:0x…`.
"""

import base64
from collections.abc import Callable, Mapping

import strawberry

from graphql_api.errors import BadInput
from graphql_api.scalars import Address, Bytes32, read_address, read_bytes32
from models.values import show_bytes


@strawberry.interface
class Node:
    """Anything that has a global id: `node` finds it again."""

    id: strawberry.ID


def job_id(key: bytes) -> strawberry.ID:
    """Return the global id of a job."""
    return _show(f"Job:{show_bytes(key)}")


def provider_id(address: str) -> strawberry.ID:
    """Return the global id of a provider."""
    return _show(f"Provider:{address}")


def read(text: str) -> Bytes32 | Address:
    """Return the job id or the provider's address that a global id stands for. Raises `BadInput`."""
    try:
        kind, _, key = base64.b64decode(text, validate=True).decode().partition(":")
        return _READERS[kind](key)
    except (ValueError, KeyError, BadInput) as error:
        raise BadInput(f"id: {text[:80]!r} is not a global id; expected the `id` of a job or a provider") from error


_READERS: Mapping[str, Callable[[str], Bytes32 | Address]] = {"Job": read_bytes32, "Provider": read_address}


def _show(text: str) -> strawberry.ID:
    return strawberry.ID(base64.b64encode(text.encode()).decode())
