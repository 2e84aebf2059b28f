"""The health check of the image asks the program that runs beside it, whichever it is."""

import pytest

from lamda.alive import answers, ports
from runtime.ports import free_port


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, ["8080"]),
        ({"API_PORT": "81"}, ["81"]),
        ({"API_PORT": "81", "PORT": "82"}, ["82"]),
        ({"METRICS_PORT": "9100"}, ["9100", "8080"]),
    ],
)
def test_ports_follow_the_settings(settings: dict[str, str], expected: list[str]) -> None:
    """As the programs read them."""
    assert expected == ports(settings)


def test_nobody_is_not_healthy() -> None:
    assert not answers(str(free_port()))
    assert not answers("no port")
