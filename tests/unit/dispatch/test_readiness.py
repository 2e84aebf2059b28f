"""A signer is ready unless a person has to come."""

import pytest

from dispatch.backlog_store import SignerStanding
from dispatch.readiness import signer_part
from runtime.readiness import Part


def standing(
    *, halted: str | None = None, paused: str | None = None, waits: str | None = None, silent: float = 1.0
) -> SignerStanding:
    """Return how a signer stands that nothing keeps but what is given."""
    return SignerStanding(halted_reason=halted, paused_reason=paused, waits_for=waits, silent_seconds=silent)


@pytest.mark.parametrize(
    ("standing", "part"),
    [
        (None, Part(ready=False, reason="it has only begun")),
        (standing(), Part(ready=True)),
        (standing(waits="gas"), Part(ready=True, reason="waits: gas")),
        (standing(paused="key", waits="x"), Part(ready=True, reason="paused by an admin: key")),
        (
            standing(halted="nonce 7", paused="key"),
            Part(ready=False, reason="halted until a person has looked: nonce 7"),
        ),
        (standing(silent=75), Part(ready=False, reason="no sign of life for 75 s: see credit.waits in the log")),
    ],
)
def test_what_passes_by_itself_needs_nobody(standing: SignerStanding | None, part: Part) -> None:
    """A halt and silence do; fees, finality and a pause are told."""
    assert signer_part(standing) == part
