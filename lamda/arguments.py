"""What is given on the command line, turned into our own values."""

from models.values import NotAnAddress, parse_address, parse_bytes32
from runtime.errors import CannotRun


def job_id(text: str) -> bytes:
    """Return the 32 bytes of a job id. Raises `CannotRun` for a text that is none."""
    try:
        return parse_bytes32(text)
    except ValueError as error:
        raise CannotRun(f"no such job: {error}") from error


def provider_address(text: str) -> bytes:
    """Return the 20 bytes of a provider's address. Raises `CannotRun` for a text that is none."""
    try:
        return parse_address(text)
    except NotAnAddress as error:
        raise CannotRun(f"no such provider: {error}") from error
