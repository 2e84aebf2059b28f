"""Find the signer's key where the settings say it is: in the environment, in a file, or in an encrypted keystore."""

from pathlib import Path

from chain.signer import KeySigner, Signer, WrongKey, WrongPassword
from lamda.secret_files import read_secret, secret_of
from runtime.errors import CannotRun
from runtime.settings import ReactorSettings

EXPECTED = (
    "expected one of ADMIN_WALLET_PRIVATE_KEY (64 hex digits), ADMIN_WALLET_PRIVATE_KEY_FILE (a file that holds them) "
    "and ADMIN_WALLET_KEYSTORE_FILE (an encrypted keystore)"
)


def signer_of(settings: ReactorSettings) -> Signer:
    """Return the signer that the settings name. Raises `CannotRun`, which shows neither key nor password."""
    key, key_file, keystore = (
        settings.admin_wallet_private_key,
        settings.admin_wallet_private_key_file,
        settings.admin_wallet_keystore_file,
    )
    given = [each for each in (key, key_file, keystore) if each is not None]
    if len(given) != 1:
        raise CannotRun(f"{len(given)} settings name the signer's key: {EXPECTED}")
    if keystore is not None:
        return _from_keystore(keystore, settings)
    name, text = secret_of("ADMIN_WALLET_PRIVATE_KEY", key, key_file)
    try:
        return KeySigner(text)
    except WrongKey as error:
        raise CannotRun(f"{name} is wrong: {error}") from None


def _from_keystore(keystore: Path, settings: ReactorSettings) -> Signer:
    password, password_file = settings.admin_wallet_keystore_password, settings.admin_wallet_keystore_password_file
    _, secret = secret_of("ADMIN_WALLET_KEYSTORE_PASSWORD", password, password_file)
    try:
        return KeySigner.from_keystore(read_secret("ADMIN_WALLET_KEYSTORE_FILE", keystore), secret)
    except WrongPassword as error:
        raise CannotRun(f"ADMIN_WALLET_KEYSTORE_FILE={keystore} is wrong: {error}") from None
