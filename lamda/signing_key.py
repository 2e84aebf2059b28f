"""What the signer needs: its settings, and its key, which is in the environment, a file or an encrypted keystore."""

from pathlib import Path

from chain.signer import KeySigner, Signer, WrongKey, WrongPassword
from dispatch.credit_program import SignerSettings
from dispatch.credit_values import Limits
from lamda.secret_files import read_secret, secret_of
from runtime.errors import CannotRun
from runtime.settings import BscSettings, OpbnbSettings, ReactorSettings

GWEI = 10**9
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


def signer_settings(reactor: ReactorSettings, bsc: BscSettings, opbnb: OpbnbSettings) -> SignerSettings:
    """Return what the signer needs, or say which setting is wrong without showing the key."""
    return SignerSettings(
        opbnb_urls=opbnb.opbnb_rpc_url,
        chain_id=opbnb.opbnb_chain_id,
        contract=opbnb.node_reputation_contract_address,
        bsc_urls=bsc.bsc_rpc_url,
        bsc_chain_id=bsc.bsc_chain_id,
        job_manager=bsc.job_manager_contract_address,
        limits=Limits(fee_max_wei=round(reactor.credit_fee_max_gwei * GWEI)),
        signer=signer_of(reactor),
    )
