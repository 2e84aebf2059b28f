"""Where the credit of a job stands, as what is known of its transactions says."""

from dataclasses import dataclass
from enum import StrEnum


class CreditStatus(StrEnum):
    """
    The steps of a credit.

    BLOCKED is a credit that the contract refuses for its provider alone; ADOPTED one that the chain had before this
    database knew.
    """

    WAITING = "WAITING"
    SIGNED = "SIGNED"
    SENT = "SENT"
    MINED = "MINED"
    FINAL = "FINAL"
    REVERTED = "REVERTED"
    BLOCKED = "BLOCKED"
    ADOPTED = "ADOPTED"


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditFacts:
    """
    What is known of one credit.

    `blocked` says that the contract refuses it. `attempts` counts all transactions signed for it, `live` those that may
    still be mined, of which one is `sent` or none. `mined_block` holds the increment by one of them.
    """

    adopted: bool
    blocked: bool
    attempts: int
    live: int
    sent: bool
    mined_block: int | None


def credit_status(credit: CreditFacts, *, final_block: int) -> CreditStatus:
    """Return where a credit stands when opBNB is final up to a block."""
    if credit.adopted:
        return CreditStatus.ADOPTED
    if credit.mined_block is not None:
        return CreditStatus.FINAL if credit.mined_block <= final_block else CreditStatus.MINED
    if credit.live:
        return CreditStatus.SENT if credit.sent else CreditStatus.SIGNED
    if credit.blocked:
        return CreditStatus.BLOCKED
    return CreditStatus.REVERTED if credit.attempts else CreditStatus.WAITING
