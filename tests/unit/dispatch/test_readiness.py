"""A signer is ready unless a person has to come."""

import pytest

from dispatch.backlog_store import SignerCondition
from dispatch.readiness import judge_signer
from runtime.readiness import Verdict


def signer(
    *, halted: str | None = None, paused: str | None = None, waits: str | None = None, silent: float = 1.0
) -> SignerCondition:
    """Return how a signer stands that nothing keeps but what is given."""
    return SignerCondition(halted_reason=halted, paused_reason=paused, waits_for=waits, silent_seconds=silent)


@pytest.mark.parametrize(
    ("condition", "verdict"),
    [
        (None, Verdict(ready=False, reason="it has only begun")),
        (signer(), Verdict(ready=True)),
        (signer(waits="gas"), Verdict(ready=True, reason="waits: gas")),
        (signer(paused="key", waits="x"), Verdict(ready=True, reason="paused by an admin: key")),
        (
            signer(halted="nonce 7", paused="key"),
            Verdict(ready=False, reason="halted until a person has looked: nonce 7"),
        ),
        (signer(silent=75), Verdict(ready=False, reason="no sign of life for 75 s: see credit.waits in the log")),
    ],
)
def test_what_passes_by_itself_needs_nobody(condition: SignerCondition | None, verdict: Verdict) -> None:
    """A halt and silence do; fees, finality and a pause are told."""
    assert judge_signer(condition) == verdict
