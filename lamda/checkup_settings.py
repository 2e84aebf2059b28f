"""See what the settings are like: read every group by itself, and note what reads well and is dangerous."""

import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic_settings import BaseSettings

from lamda.checkup_values import SettingsSeen
from runtime.errors import CannotRun
from runtime.limit_settings import LimitSettings
from runtime.live_settings import LiveSettings
from runtime.settings import (
    AccountSettings,
    ApiSettings,
    BscSettings,
    BusSettings,
    CommonSettings,
    IndexerSettings,
    OpbnbSettings,
    ReactorSettings,
    load,
)

GROUPS = (CommonSettings, IndexerSettings, ApiSettings, AccountSettings, LimitSettings, LiveSettings, BusSettings)
CHAINS = (BscSettings, OpbnbSettings)
SECRETS_IN_FILES = (
    "admin_wallet_private_key_file",
    "admin_wallet_keystore_password_file",
    "agent_private_key_file",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """The groups of settings that could be read, by their type."""

    groups: dict[type[BaseSettings], Any]

    def of(self, group: type[BaseSettings]) -> Any:
        """Return a group, or None where it cannot be read."""
        return self.groups.get(group)


def read(*, with_chains: bool) -> tuple[Loaded, SettingsSeen]:
    """Return the settings that can be read, and what they are like; `with_chains` says whether chains must be set."""
    groups: dict[type[BaseSettings], Any] = {}
    problems: dict[str, None] = {}
    for group in (*GROUPS, ReactorSettings, *(CHAINS if with_chains else ())):
        try:
            (groups[group],) = load(group)
        except CannotRun as error:
            # One problem a line, below a line that counts them.
            problems |= dict.fromkeys(line.strip() for line in str(error).splitlines()[1:])
    loaded = Loaded(groups=groups)
    return loaded, _seen(loaded, tuple(problems))


def names_key(reactor: ReactorSettings) -> bool:
    """Say whether a setting names the key that signs credits."""
    ways = (
        reactor.admin_wallet_private_key,
        reactor.admin_wallet_private_key_file,
        reactor.admin_wallet_keystore_file,
    )
    return any(way is not None for way in ways)


def _seen(loaded: Loaded, problems: tuple[str, ...]) -> SettingsSeen:
    common, bus = loaded.of(CommonSettings), loaded.of(BusSettings)
    accounts, reactor = loaded.of(AccountSettings), loaded.of(ReactorSettings)
    return SettingsSeen(
        problems=problems,
        is_production=common is not None and common.environment == "production",
        has_database=common is None or common.database_url is not None,
        has_bus=bus is None or bus.nats_url is not None,
        has_sign_in_domains=accounts is None or bool(accounts.sign_in_domains),
        insecure_reports=reactor is not None and reactor.insecure_agent_reports,
        open_files=tuple(str(path) for path in _secret_files(reactor) if _is_open(path)),
    )


def _secret_files(reactor: ReactorSettings | None) -> list[Path]:
    named = [getattr(reactor, name, None) for name in SECRETS_IN_FILES]
    written = Path(".env")
    has_key = reactor is not None and reactor.admin_wallet_private_key is not None
    return [path for path in named if path is not None] + ([written] if has_key and _names_key(written) else [])


def _names_key(path: Path) -> bool:
    return path.is_file() and "\nADMIN_WALLET_PRIVATE_KEY=" in "\n" + path.read_text(encoding="utf-8", errors="replace")


def _is_open(path: Path) -> bool:
    return path.is_file() and bool(path.stat().st_mode & stat.S_IROTH)
