"""Settings come by their names from the environment or `.env`, and whatever is wrong with them is told at once."""

from pathlib import Path

import pytest

from runtime.settings import (
    ApiSettings,
    BscSettings,
    CommonSettings,
    IndexerSettings,
    OpbnbSettings,
    SettingsError,
    load,
)

CONTRACT = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
NAMES = [
    "API_HOST",
    "API_PORT",
    "PORT",
    "DATABASE_URL",
    "ENVIRONMENT",
    *(f"{chain}_{what}" for chain in ("BSC", "OPBNB") for what in ("RPC_URL", "CHAIN_ID", "START_BLOCK")),
    "JOB_MANAGER_CONTRACT_ADDRESS",
    "NODE_REPUTATION_CONTRACT_ADDRESS",
    "PROVIDER_OFFLINE_AFTER_SECONDS",
]
BSC = {"BSC_RPC_URL": "http://localhost:8545", "BSC_START_BLOCK": "7", "JOB_MANAGER_CONTRACT_ADDRESS": CONTRACT}


class Environment:
    """The environment and the `.env` of one test."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self._monkeypatch = monkeypatch
        self._folder = folder

    def set(self, **values: str) -> None:
        for name, value in values.items():
            self._monkeypatch.setenv(name, value)

    def write(self, text: str) -> None:
        (self._folder / ".env").write_text(text)


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Environment:
    """An environment in which no setting is set, and no `.env`."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return Environment(monkeypatch, tmp_path)


def refusal(*groups: type[CommonSettings | BscSettings | OpbnbSettings | ApiSettings | IndexerSettings]) -> list[str]:
    """Return the lines in which settings are refused."""
    with pytest.raises(SettingsError) as refused:
        load(*groups)
    return [line.strip() for line in str(refused.value).splitlines()]


@pytest.mark.usefixtures("environment")
def test_what_has_a_default_need_not_be_set() -> None:
    """With nothing set the API listens at 8080 and the database is the embedded one."""
    common, api = load(CommonSettings, ApiSettings)

    assert (common.database_url, common.environment, api.api_port) == (None, "development", 8080)


def test_a_chain_is_read_from_the_environment(environment: Environment) -> None:
    """Names as operators know them; the address as bytes."""
    environment.set(**BSC)

    (bsc,) = load(BscSettings)

    assert bsc.bsc_rpc_url == ("http://localhost:8545",)
    assert (bsc.bsc_chain_id, bsc.bsc_start_block) == (56, 7)
    assert bsc.job_manager_contract_address == bytes.fromhex(CONTRACT[2:])


def test_the_environment_wins_over_the_file(environment: Environment) -> None:
    """`.env` fills in what the environment leaves open."""
    environment.write(f"BSC_RPC_URL=http://file:1\nBSC_START_BLOCK=7\nJOB_MANAGER_CONTRACT_ADDRESS={CONTRACT}\n")
    environment.set(BSC_RPC_URL="http://environment:2")

    (bsc,) = load(BscSettings)

    assert (bsc.bsc_rpc_url, bsc.bsc_start_block) == (("http://environment:2",), 7)


def test_several_urls_keep_their_order(environment: Environment) -> None:
    """Comma-separated, blanks around them do not count."""
    environment.set(**{**BSC, "BSC_RPC_URL": " https://first.example/key , http://second.example:8545,"})

    (bsc,) = load(BscSettings)

    assert bsc.bsc_rpc_url == ("https://first.example/key", "http://second.example:8545")


def test_port_wins_over_api_port(environment: Environment) -> None:
    """Where a host sets PORT, it means it."""
    environment.set(PORT="9001", API_PORT="9002")

    (api,) = load(ApiSettings)

    assert api.api_port == 9001


def test_api_port_counts_without_port(environment: Environment) -> None:
    """An empty PORT is no PORT."""
    environment.set(PORT="", API_PORT="9002")

    (api,) = load(ApiSettings)

    assert api.api_port == 9002


def test_all_that_is_missing_or_wrong_is_told_together_by_name(environment: Environment) -> None:
    """One run tells everything that has to be mended, with what was expected."""
    environment.set(ENVIRONMENT="prod", OPBNB_CHAIN_ID="0", OPBNB_START_BLOCK="first", API_PORT="80800")
    environment.set(NODE_REPUTATION_CONTRACT_ADDRESS=CONTRACT.replace("F", "f"), PROVIDER_OFFLINE_AFTER_SECONDS="-1")

    assert refusal(CommonSettings, BscSettings, OpbnbSettings, ApiSettings, IndexerSettings) == [
        "10 settings are missing or wrong (environment or .env):",
        "ENVIRONMENT='prod' is wrong: Input should be 'development' or 'production'",
        "BSC_RPC_URL is missing and has no default: "
        "expected one http(s) URL or several, comma-separated, in order of preference",
        "BSC_START_BLOCK is missing and has no default: expected the block JobManager was deployed in",
        "JOB_MANAGER_CONTRACT_ADDRESS is missing and has no default: expected the address of JobManager on BSC",
        "OPBNB_RPC_URL is missing and has no default: "
        "expected one http(s) URL or several, comma-separated, in order of preference",
        "OPBNB_CHAIN_ID='0' is wrong: Input should be greater than 0",
        "OPBNB_START_BLOCK='first' is wrong: Input should be a valid integer, unable to parse string as an integer",
        f"NODE_REPUTATION_CONTRACT_ADDRESS='{CONTRACT.replace('F', 'f')}' is wrong: "
        f"'{CONTRACT.replace('F', 'f')}' has a wrong EIP-55 checksum; expected {CONTRACT}",
        "API_PORT (or PORT)='80800' is wrong: Input should be less than or equal to 65535",
        "PROVIDER_OFFLINE_AFTER_SECONDS='-1' is wrong: Input should be greater than 0",
    ]


def test_one_problem_is_told_in_the_singular(environment: Environment) -> None:
    """And once, though two groups have it."""
    environment.set(ENVIRONMENT="prod")

    assert refusal(CommonSettings, CommonSettings)[0] == "1 setting is missing or wrong (environment or .env):"


@pytest.mark.parametrize(
    "url",
    ["ftp://host", "localhost:8545", "http://", "http://:8545", "http://host:port", "http://host:99999999", " , "],
)
def test_an_endpoint_that_cannot_be_asked_is_refused(environment: Environment, url: str) -> None:
    """Before anything starts, not when it is first asked."""
    environment.set(**{**BSC, "BSC_RPC_URL": url})

    (_, line) = refusal(BscSettings)

    assert line.startswith("BSC_RPC_URL=")
    assert line.endswith(" is wrong: expected one URL or several, comma-separated, each http://… or https://…")


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("DATABASE_URL", "mysql://lamda:hush@db.example:3306/lamda?password=hush", "mysql://db.example:3306/…"),
        ("DATABASE_URL", "lamda:hu/sh@db.example/lamda", "db.example/…"),
        ("BSC_RPC_URL", "https://a.example/v1/hush, ftp://b.example", "https://a.example/…, ftp://b.example"),
        ("BSC_RPC_URL", "a.example/v1/hush", "a.example/…"),
        ("BSC_RPC_URL", "a.example?key=hush", "a.example/…"),
    ],
)
def test_a_wrong_url_is_told_without_its_secrets(environment: Environment, name: str, value: str, shown: str) -> None:
    """Passwords and keys are in URLs, and what is printed is logged somewhere."""
    environment.set(**{**BSC, name: value})

    (_, line) = refusal(CommonSettings, BscSettings)

    assert line.startswith(f"{name}='{shown}' is wrong: expected ")
    assert "hush" not in line
