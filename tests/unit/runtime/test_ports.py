"""Ports are checked before a server is asked to take them."""

import socket
from collections.abc import Iterator

import pytest

from runtime.ports import LOOPBACK, PortInUse, ensure_free, free_port, is_free, prefer


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        listener.listen()
        yield int(listener.getsockname()[1])


def test_a_free_port_can_be_bound() -> None:
    assert is_free(free_port())


def test_a_taken_port_is_refused_with_its_number_and_the_setting_to_change(taken: int) -> None:
    with pytest.raises(PortInUse, match=rf"port {taken} on {LOOPBACK} is in use .* API_PORT"):
        ensure_free(LOOPBACK, taken, "API_PORT")


def test_a_free_port_passes() -> None:
    ensure_free(LOOPBACK, free_port(), "API_PORT")


def test_a_port_stays_the_same_while_it_is_free() -> None:
    port = free_port()

    assert port == prefer(port)


def test_a_taken_port_is_replaced(taken: int) -> None:
    assert taken != prefer(taken)


def test_without_a_wish_any_free_port_will_do() -> None:
    assert is_free(prefer(None))
