"""
Settings from the environment or `.env`, by the names that operators already use.

Each program asks `load` for the groups it needs and gets either all of them, valid, or one error that lists every
setting that is missing or wrong, with what was expected.
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import AliasChoices, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from models.values import NotAnAddress, ProofLevel, parse_address
from runtime.errors import CannotRun

Group = TypeVar("Group", bound=BaseSettings)


class SettingsError(CannotRun):
    """One or more settings are missing or wrong; the message lists them all, a line each."""


def _urls(schemes: tuple[str, ...]) -> Callable[[object], object]:
    def split(value: object) -> object:
        urls = [url.strip() for url in str(value).split(",") if url.strip()]
        if not urls or not all(_can_be_asked(url, schemes) for url in urls):
            expected = " or ".join(f"{scheme}://…" for scheme in schemes)
            raise ValueError(f"expected one URL or several, comma-separated, each {expected}")
        return tuple(urls)

    return split


def _can_be_asked(url: str, schemes: tuple[str, ...]) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        # The port is no number, or too large for one; or the host is half an IPv6 address.
        return False


def _contract(value: object) -> object:
    if isinstance(value, bytes):
        return value
    try:
        return parse_address(str(value))
    except NotAnAddress as error:
        raise ValueError(str(error)) from error


def _http_url(value: object) -> object:
    if not _can_be_asked(str(value), ("http", "https")):
        raise ValueError("expected http://host:port or https://host")
    return str(value).rstrip("/")


def split_words(value: object) -> tuple[str, ...]:
    """Return words that are comma-separated, or are apart already."""
    return value if isinstance(value, tuple) else tuple(word.strip() for word in str(value).split(",") if word.strip())


def _wallets(value: object) -> object:
    return (
        value if isinstance(value, frozenset) else frozenset(_contract(word) for word in str(value).split(",") if word)
    )


def _proof(value: object) -> object:
    levels = [level.lower() for level in ProofLevel]
    if str(value).lower() not in levels:
        raise ValueError(f"expected one of {', '.join(levels)}")
    return ProofLevel(str(value).upper())


RpcUrls = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_urls(("http", "https")))]
ContractAddress = Annotated[bytes, BeforeValidator(_contract)]
ChainId = Annotated[int, Field(gt=0)]
Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(split_words)]
Wallets = Annotated[frozenset[bytes], NoDecode, BeforeValidator(_wallets)]
NatsUrls = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_urls(("nats", "tls", "ws", "wss")))]
BlockNumber = Annotated[int, Field(ge=0)]
RetentionDays = Annotated[int, Field(ge=0, le=36_500)]
Proof = Annotated[ProofLevel, BeforeValidator(_proof)]
TcpPort = Annotated[int, Field(ge=1, le=65535)]
HttpUrl = Annotated[str, BeforeValidator(_http_url)]
ExplorerUrl = Annotated[str, BeforeValidator(lambda value: "" if value == "none" else _http_url(value))]
"""Empty where there is none."""


def _postgres(value: object) -> object:
    if not str(value).startswith(("postgresql://", "postgres://")):
        raise ValueError("expected postgresql://user:password@host:port/database")
    return value


class _Settings(BaseSettings):
    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True, env_ignore_empty=True)


class CommonSettings(_Settings):
    """What every program reads."""

    environment: Literal["development", "production"] = "development"
    database_url: Annotated[str, BeforeValidator(_postgres)] | None = None
    connect_timeout_seconds: Annotated[float, Field(gt=0)] = 30.0


class BscSettings(_Settings):
    """BSC: where it is and which `JobManager` we follow from which block."""

    bsc_rpc_url: RpcUrls
    bsc_chain_id: ChainId = 56
    bsc_start_block: BlockNumber
    job_manager_contract_address: ContractAddress


class OpbnbSettings(_Settings):
    """opBNB: where it is and which `NodeReputation` we follow from which block."""

    opbnb_rpc_url: RpcUrls
    opbnb_chain_id: ChainId = 204
    opbnb_start_block: BlockNumber
    node_reputation_contract_address: ContractAddress


class IndexerSettings(_Settings):
    """How the indexer proves what it reads, what it derives and how many days it keeps what grows; 0 is for ever."""

    history_proof: Proof = ProofLevel.HASH
    head_proof: Proof = ProofLevel.BLOOM
    provider_offline_after_seconds: Annotated[int, Field(gt=0)] = 720
    heartbeat_retention_days: RetentionDays = 35
    feed_retention_days: RetentionDays = 7
    request_retention_days: RetentionDays = 90
    waiting_spec_retention_days: RetentionDays = 7
    bsc_poll_seconds: Annotated[float, Field(gt=0)] = 0.15
    opbnb_poll_seconds: Annotated[float, Field(gt=0)] = 0.1
    indexer_ready_idle_seconds_max: Annotated[float, Field(gt=0)] = 20.0


class ApiSettings(_Settings):
    """Where the API listens (`PORT`, which some hosts set, wins over `API_PORT`) and what it puts up with."""

    api_host: str = "127.0.0.1"
    api_port: TcpPort = Field(default=8080, validation_alias=AliasChoices("PORT", "API_PORT"))
    api_database_connections: Annotated[int, Field(gt=0)] = 10
    api_statement_timeout_seconds: Annotated[float, Field(gt=0)] = 5.0
    api_ready_lag_blocks_max: Annotated[int, Field(ge=0)] = 200
    api_ready_idle_seconds_max: Annotated[float, Field(gt=0)] = 20.0
    api_waiting_specs_max: Annotated[int, Field(gt=0)] = 100
    provider_offline_after_seconds: Annotated[int, Field(gt=0)] = 720
    bsc_explorer_url: ExplorerUrl | None = None
    opbnb_explorer_url: ExplorerUrl | None = None


class AccountSettings(_Settings):
    """
    Who may sign in from where, and who of them is an admin; where agents find NATS.

    `sign_in_domains` and `sign_in_uris` are what a wallet's message may name; when unset, in development, they are
    those of the API itself. Wallets that are contracts are asked on their chains, where both have an endpoint.
    """

    environment: Literal["development", "production"] = "development"
    sign_in_domains: Words = ()
    sign_in_uris: Words = ()
    session_hours: Annotated[float, Field(gt=0, le=24 * 90)] = 24.0
    admin_addresses: Wallets = frozenset()
    nats_public_url: NatsUrls | None = None
    bsc_rpc_url: RpcUrls | None = None
    bsc_chain_id: ChainId = 56
    opbnb_rpc_url: RpcUrls | None = None
    opbnb_chain_id: ChainId = 204


class BusSettings(_Settings):
    """Where our own programs find NATS, with user and password; unset, it is the embedded server."""

    nats_url: NatsUrls | None = None


class ReactorSettings(_Settings):
    """
    What the reactor signs with; no other program reads these.

    `nats_callout_seed` signs what agents may do on NATS, `nats_system_url` ends their connections there, and
    `admin_wallet_private_key`, or the key in a file or an encrypted keystore, signs the credits on opBNB;
    `credit_fee_max_gwei` is the most that a unit of gas may cost.
    """

    nats_callout_seed: SecretStr | None = None
    nats_system_url: NatsUrls | None = None
    admin_wallet_private_key: SecretStr | None = None
    admin_wallet_private_key_file: Path | None = None
    admin_wallet_keystore_file: Path | None = None
    admin_wallet_keystore_password: SecretStr | None = None
    admin_wallet_keystore_password_file: Path | None = None
    credit_fee_max_gwei: Annotated[float, Field(gt=0)] = 50.0
    insecure_agent_reports: bool = False


class AgentSettings(_Settings):
    """
    Who the reference agent is and where it connects.

    With `agent_private_key`, or a file that holds it, it signs in at `api_url` by itself and gets its credential and
    NATS' URL there. Else it shows `agent_token` as `agent_address` at `nats_url`.
    """

    agent_address: ContractAddress | None = None
    agent_token: SecretStr | None = None
    agent_private_key: SecretStr | None = None
    agent_private_key_file: Path | None = None
    api_url: HttpUrl | None = None
    nats_url: NatsUrls | None = None
    bsc_chain_id: ChainId = 56


class DevnetSettings(_Settings):
    """
    Which chains and contracts the devnet's actors use; what is unset is started and deployed for them.

    `api_url` is where renters hand in specs and agents sign in; unset, there are no agents, and renters confirm unseen.
    """

    api_url: HttpUrl | None = None
    bsc_rpc_url: RpcUrls | None = None
    bsc_chain_id: ChainId = 56
    opbnb_rpc_url: RpcUrls | None = None
    job_manager_contract_address: ContractAddress | None = None
    node_reputation_contract_address: ContractAddress | None = None
    bsc_start_block: BlockNumber = 0
    opbnb_start_block: BlockNumber = 0


EXPECTED = {
    "bsc_rpc_url": "one http(s) URL or several, comma-separated, in order of preference",
    "opbnb_rpc_url": "one http(s) URL or several, comma-separated, in order of preference",
    "bsc_start_block": "the block JobManager was deployed in",
    "opbnb_start_block": "the block NodeReputation was deployed in",
    "job_manager_contract_address": "the address of JobManager on BSC",
    "node_reputation_contract_address": "the address of NodeReputation on opBNB",
}
"""What a missing setting should have held."""

SPELLED = {"PORT": "API_PORT (or PORT)"}
"""How a setting is named that has two names."""


def load(*groups: type[Group]) -> tuple[Any, ...]:
    """Return one instance of each group, or raise one `SettingsError` that names all that is wrong in any."""
    loaded: list[Group] = []
    problems: list[str] = []
    for group in groups:
        try:
            loaded.append(group())
        except ValidationError as error:
            problems += [_describe(problem) for problem in error.errors()]
    if problems:
        raise SettingsError(_message(problems))
    return tuple(loaded)


def _describe(problem: Any) -> str:
    field = str(problem["loc"][0])
    name = field.upper()
    if problem["type"] == "missing":
        return f"{name} is missing and has no default: expected {EXPECTED.get(field, 'a value')}"
    reason = problem["msg"].removeprefix("Value error, ")
    value = _without_secrets(problem["input"]) if name.endswith("_URL") else problem["input"]
    return f"{SPELLED.get(name, name)}={value!r} is wrong: {reason}"


def _without_secrets(urls: str) -> str:
    """Return URLs as far as their hosts: passwords stand before, and keys behind."""
    return ", ".join(_host_of(url.strip()) for url in urls.split(","))


def _host_of(url: str) -> str:
    scheme, separator, rest = url.partition("://") if "://" in url else ("", "", url)
    host, *hidden = re.split(r"[/?#]", rest.rpartition("@")[2], maxsplit=1)
    return f"{scheme}{separator}{host}" + ("/…" if hidden else "")


def _message(problems: Sequence[str]) -> str:
    unique = list(dict.fromkeys(problems))
    count = "1 setting is" if len(unique) == 1 else f"{len(unique)} settings are"
    return f"{count} missing or wrong (environment or .env):\n" + "\n".join(f"  {problem}" for problem in unique)
