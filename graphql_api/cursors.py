"""
Cursors of lists: opaque text for the place of one row in one order.

A cursor holds the order it belongs to and the row's keys, so the next page begins behind that row even when it is
gone by then. Cursors of the change feed are another thing: `runtime.feed.Position`.
"""

import base64
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from graphql_api.errors import BadInput
from graphql_api.orders import ORDER_NAMES, Key, Kind, Order
from models.values import checksum_address, parse_address, parse_bytes32

Place = tuple[Any, ...]
"""The keys of one row, in the order of `Order.keys`."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def show(order: Order, place: Place) -> str:
    """Return the cursor of a place."""
    keys = [_show_key(key, value) for key, value in zip(order.keys, place, strict=True)]
    return base64.urlsafe_b64encode(json.dumps([str(order), *keys], separators=(",", ":")).encode()).decode()


def read(text: str, order: Order, *, argument: str) -> Place:
    """Return the place that a cursor given as `argument` stands for. Raises `BadInput`."""
    name, keys = _unpack(text, argument)
    if name != str(order):
        raise BadInput(f"{argument} is a cursor of order {name}, not of {order}: ask for a first page in the new order")
    try:
        return tuple(_read_key(key, value) for key, value in zip(order.keys, keys, strict=True))
    except (ValueError, TypeError, OverflowError) as error:
        raise BadInput(_not_ours(text, argument)) from error


def _show_key(key: Key, value: Any) -> Any:
    return None if value is None else _WRITERS[key.kind](value)


def _unpack(text: str, argument: str) -> tuple[str, list[Any]]:
    try:
        name, *keys = json.loads(base64.b64decode(text.encode(), altchars=b"-_", validate=True))
    except (ValueError, TypeError, RecursionError) as error:
        raise BadInput(_not_ours(text, argument)) from error
    if not isinstance(name, str) or name not in ORDER_NAMES:
        raise BadInput(_not_ours(text, argument))
    return name, keys


def _not_ours(text: str, argument: str) -> str:
    shown = text if len(text) <= 80 else text[:80] + "…"
    return f"{argument}: {shown!r} is not a cursor of ours; expected an edge's cursor, or startCursor or endCursor"


def _read_key(key: Key, value: Any) -> Any:
    if value is None:
        if not key.nullable:
            raise ValueError(f"{key.column} is null")
        return None
    return _READERS[key.kind](value)


def _read_integer(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) >= 2**256:
        raise ValueError(f"{value!r} is not an integer key")
    return value


def _read_boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{value!r} is not a yes or no")
    return value


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _read_moment(value: Any) -> datetime:
    return _EPOCH + timedelta(microseconds=_read_integer(value))


_WRITERS: Mapping[Kind, Callable[[Any], Any]] = {
    Kind.BOOLEAN: bool,
    Kind.INTEGER: int,
    Kind.MOMENT: _microseconds,
    Kind.BYTES32: bytes.hex,
    Kind.ADDRESS: str,
}

_READERS: Mapping[Kind, Callable[[Any], Any]] = {
    Kind.BOOLEAN: _read_boolean,
    Kind.INTEGER: _read_integer,
    Kind.MOMENT: _read_moment,
    Kind.BYTES32: parse_bytes32,
    Kind.ADDRESS: lambda text: checksum_address(parse_address(text)),
}
