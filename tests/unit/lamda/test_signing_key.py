"""The signer's key is found where the settings say, and shown nowhere."""

import json
from pathlib import Path

import pytest
from eth_account import Account

from lamda.signing_key import signer_of
from runtime.errors import CannotRun
from runtime.settings import ReactorSettings

# Anvil's first account, public in its documentation.
KEY = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
ADDRESS = "f39fd6e51aad88f6f4ce6ab8827279cfffb92266"
PASSWORD = "correct horse battery staple"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the key in a file, an encrypted keystore of it, and its password."""
    (tmp_path / "key").write_text(f"0x{KEY}\n")
    # Few rounds: the test is not about how long a thief needs.
    (tmp_path / "keystore").write_text(
        json.dumps(Account.encrypt(bytes.fromhex(KEY), PASSWORD, kdf="pbkdf2", iterations=10))
    )
    (tmp_path / "password").write_text(f"{PASSWORD}\n")
    return tmp_path


def settings(**given: object) -> ReactorSettings:
    """Return the settings of a reactor, with nothing from outside."""
    return ReactorSettings(_env_file=None, **given)  # type: ignore[arg-type,call-arg]  # Pydantic reads them.


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PRIVATE_KEY", "PRIVATE_KEY_FILE", "KEYSTORE_FILE", "KEYSTORE_PASSWORD", "KEYSTORE_PASSWORD_FILE"):
        monkeypatch.delenv(f"ADMIN_WALLET_{name}", raising=False)


def test_the_key_comes_from_a_setting_a_file_or_a_keystore(folder: Path) -> None:
    """Each gives the same account."""
    keystore = {"admin_wallet_keystore_file": folder / "keystore"}
    signers = [
        signer_of(settings(admin_wallet_private_key=KEY)),
        signer_of(settings(admin_wallet_private_key_file=folder / "key")),
        signer_of(settings(**keystore, admin_wallet_keystore_password=PASSWORD)),
        signer_of(settings(**keystore, admin_wallet_keystore_password_file=folder / "password")),
    ]

    assert {ADDRESS} == {signer.address.hex() for signer in signers}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "0 settings name the signer's key"),
        ({"private_key": KEY, "private_key_file": "key"}, "2 settings name the signer's key"),
        ({"private_key": KEY + "00"}, "ADMIN_WALLET_PRIVATE_KEY is wrong: expected a private key"),
        ({"private_key_file": "password"}, "password is wrong: expected a private key"),
        ({"private_key_file": "missing"}, "missing cannot be read: No such file"),
        (
            {"keystore_file": "keystore"},
            "none of ADMIN_WALLET_KEYSTORE_PASSWORD and",
        ),
        ({"keystore_file": "keystore", "keystore_password": KEY}, "the keystore does not open"),
        ({"keystore_file": "key", "keystore_password": PASSWORD}, "the keystore does not open"),
        ({"keystore_file": "keystore", "keystore_password_file": "missing"}, "missing cannot be read"),
    ],
)
def test_a_wrong_setting_is_named_and_no_secret_is_shown(folder: Path, given: dict[str, str], expected: str) -> None:
    """The error says which setting, and what was expected of it."""
    paths = {name: str(folder / value) if name.endswith("file") else value for name, value in given.items()}
    with pytest.raises(CannotRun) as caught:
        signer_of(settings(**{f"admin_wallet_{name}": value for name, value in paths.items()}))

    assert expected in str(caught.value)
    assert KEY not in str(caught.value)
    assert PASSWORD not in str(caught.value)
