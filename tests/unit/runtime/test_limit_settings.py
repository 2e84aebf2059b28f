"""The settings of what the API puts up with."""

import pytest

from runtime.limit_settings import LimitSettings
from runtime.settings import SettingsError, load


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("API_ORIGINS", "https://a.example,*", "'*' is no origin"),
        ("API_ORIGINS", "a.example", "'a.example' is no origin"),
        ("API_ORIGINS", "https://a.example/app", "is no origin"),
        ("API_TRUSTED_PROXIES", "10.0.0.0/8,everybody", "'everybody' is neither an IP address nor a network"),
        ("API_TRUSTED_PROXIES", "*", "'*' is neither an IP address nor a network"),
        ("API_COST_MAX", "0", "greater than 0"),
        ("API_REQUESTS_PER_MINUTE", "-1", "greater than or equal to 0"),
    ],
)
def test_what_would_open_a_door_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, reason: str
) -> None:
    """A cookie for everybody's pages, or everybody's word for an address, is never meant."""
    monkeypatch.setenv(name, value)

    with pytest.raises(SettingsError, match=name) as raised:
        load(LimitSettings)
    assert reason in str(raised.value)


def test_lists_are_comma_separated(monkeypatch: pytest.MonkeyPatch) -> None:
    """With or without spaces."""
    monkeypatch.setenv("API_ORIGINS", "https://a.example, http://localhost:3000")
    monkeypatch.setenv("API_TRUSTED_PROXIES", "10.0.0.0/8,::1")

    (limits,) = load(LimitSettings)

    assert limits.api_origins == ("https://a.example", "http://localhost:3000")
    assert limits.api_trusted_proxies == ("10.0.0.0/8", "::1")
