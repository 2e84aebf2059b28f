"""Where a credit stands follows from its transactions."""

import pytest

from models.credit_values import CreditFacts, CreditStatus, credit_status

STATUSES = [
    (CreditFacts(adopted=True, blocked=False, attempts=0, live=0, sent=False, mined_block=None), CreditStatus.ADOPTED),
    (CreditFacts(adopted=False, blocked=False, attempts=0, live=0, sent=False, mined_block=None), CreditStatus.WAITING),
    (CreditFacts(adopted=False, blocked=False, attempts=1, live=1, sent=False, mined_block=None), CreditStatus.SIGNED),
    (CreditFacts(adopted=False, blocked=False, attempts=2, live=1, sent=True, mined_block=None), CreditStatus.SENT),
    (
        CreditFacts(adopted=False, blocked=False, attempts=1, live=0, sent=False, mined_block=None),
        CreditStatus.REVERTED,
    ),
    (CreditFacts(adopted=False, blocked=False, attempts=2, live=1, sent=False, mined_block=None), CreditStatus.SIGNED),
    (CreditFacts(adopted=False, blocked=False, attempts=1, live=1, sent=True, mined_block=101), CreditStatus.MINED),
    (CreditFacts(adopted=False, blocked=False, attempts=1, live=1, sent=True, mined_block=100), CreditStatus.FINAL),
    (CreditFacts(adopted=False, blocked=False, attempts=1, live=0, sent=False, mined_block=100), CreditStatus.FINAL),
    (CreditFacts(adopted=False, blocked=True, attempts=1, live=0, sent=False, mined_block=None), CreditStatus.BLOCKED),
    (CreditFacts(adopted=False, blocked=True, attempts=1, live=1, sent=True, mined_block=None), CreditStatus.SENT),
]


@pytest.mark.parametrize(("facts", "status"), STATUSES)
def test_the_status_of_a_credit(facts: CreditFacts, status: CreditStatus) -> None:
    """With opBNB final up to block 100."""
    assert credit_status(facts, final_block=100) is status
