"""Count what an endpoint was asked and what came of it, and remember why it last went to rest."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from chain.calls import Call
from chain.errors import RpcError
from chain.line import Failure
from chain.outcome_values import ANSWERED, BESIDE, DISTRUST, RESTING, outcome_of
from runtime.metrics import Spread


class Asked:
    """The questions to one endpoint, by method and outcome; `cause` is the outcome after which it last rested."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()
        self.seconds = Spread()
        self.distrusted = 0
        self.cause = ""

    def note(self, calls: Sequence[Call[Any]], answers: list[Any] | Failure, seconds: float) -> None:
        """Count the calls of one HTTP request by what came of it, and the time that it took."""
        self.seconds.note((), seconds)
        if not isinstance(answers, Failure):
            self.counts.update((call.method, ANSWERED) for call in calls)
            return
        failed = {id(call) for call in answers.calls}
        outcome = outcome_of(answers.error)
        self.counts.update((call.method, outcome if id(call) in failed else BESIDE) for call in calls)
        self.rests_for(answers.error)

    def rests_for(self, error: RpcError) -> None:
        """Remember an error as the cause of rest, if it is one."""
        if (outcome := outcome_of(error)) in RESTING:
            self.cause = outcome

    def distrust(self) -> None:
        """Count that answers contradicted each other."""
        self.distrusted += 1
        self.cause = DISTRUST
