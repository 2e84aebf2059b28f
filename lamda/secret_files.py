"""Read secrets that are set or kept in a file, and say which setting and file it was where that cannot be."""

from pathlib import Path

from pydantic import SecretStr

from runtime.errors import CannotRun


def secret_of(setting: str, value: SecretStr | None, path: Path | None) -> tuple[str, str]:
    """
    Return how a secret was given, for errors, and the secret: that of a setting, or of the file `<setting>_FILE`.

    Raises `CannotRun` unless exactly one is set and can be read.
    """
    in_file = f"{setting}_FILE"
    if value is not None and path is None:
        return setting, value.get_secret_value()
    if path is not None and value is None:
        return f"{in_file}={path}", read_secret(in_file, path).rstrip("\r\n")
    raise CannotRun(f"{'none' if value is None else 'both'} of {setting} and {in_file} are set: expected one")


def read_secret(setting: str, path: Path) -> str:
    """Return the text of the file that a setting names. Raises `CannotRun`, which does not show what was read."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise CannotRun(f"{setting}={path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise CannotRun(f"{setting}={path} cannot be read: it is no text") from None
