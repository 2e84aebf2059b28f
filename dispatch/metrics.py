"""
The metrics of the reactor: what waits to be dispatched and credited, how long, and what was done about it.

What waits is read from Postgres and is the same for every reactor; what was done is counted by the one that did it.
"""

from collections import Counter

from chain.metrics import EndpointMetrics
from dispatch import backlog_store
from dispatch.dispatcher import Dispatcher
from dispatch.intake import Intake
from runtime.bus import Bus
from runtime.database import Pool
from runtime.database_figures import DatabaseFigures
from runtime.metrics import Figures, Metrics

DISPATCH = {
    "open_jobs": ("Jobs that are not done, by status.", ("status",)),
    "oldest_job_seconds": ("Time that the oldest of them has stood in its status.", ("status",)),
    "troubled_jobs": ("Open jobs that wait for what ought to have come, by trouble.", ("trouble",)),
    "unpublished": ("Attempts that were decided and that the bus has not acknowledged.", ()),
    "oldest_unpublished_seconds": ("Time since the oldest of them was decided.", ()),
    "repeated_jobs": ("Open jobs that were sent more than once.", ()),
    "most_attempts": ("Attempts of the open job that was sent most often, 0 where each was sent once.", ()),
}
"""Metrics from Postgres, by the end of their names."""

CREDITS = {
    "credits": ("Credits that are not settled: waiting, under_way (signed or sent), blocked (refused).", ("state",)),
    "oldest_seconds": ("Time since the oldest of them was decided.", ("state",)),
    "signed": ("Transactions signed for the one of them that took most.", ("state",)),
    "refusals": ("Refusals in a row by the contract of the one of them that it refused most often.", ("state",)),
}
SIGNERS = {
    "balance_wei": "What the account holds.",
    "halted": "1 while nothing is signed until a person has looked, else 0.",
    "paused": "1 while an admin has paused credits, else 0.",
    "waits": "1 while credits wait for something that passes by itself, else 0.",
    "beat_seconds": "Time since the signer's last sign of life.",
    "nonce": "The newest nonce that was given to a credit.",
}


class ReactorMetrics:
    """What one reactor tells; the parts it counts by are set once they run."""

    pool: Pool | None = None
    bus: Bus | None = None
    dispatcher: Dispatcher | None = None
    intake: Intake | None = None

    def __init__(self, metrics: Metrics) -> None:
        self.endpoints = EndpointMetrics(metrics)
        self.credited: Counter[str] = Counter()
        figures = DatabaseFigures(metrics, lambda: self.pool, backlog_store.read_dispatches, backlog_store.read_credits)
        for name, (text, labels) in DISPATCH.items():
            metrics.gauge(f"lamda_dispatch_{name}", text, labels, figures.of(name))
        for name, (text, labels) in CREDITS.items():
            metrics.gauge(f"lamda_credit_open_{name}", text, labels, figures.of(name))
        for name, text in SIGNERS.items():
            metrics.gauge(f"lamda_signer_{name}", text, ("signer",), figures.of(name))
        metrics.counter(
            "lamda_dispatch_attempts_total", "Attempts by what was done: decided, published.", ("done",), self._attempts
        )
        metrics.counter(
            "lamda_dispatch_reports_total",
            "Reports of agents: accepted, or why they were refused.",
            ("outcome",),
            self._reports,
        )
        metrics.counter(
            "lamda_credit_done_total",
            "Credits by what was done: decided, adopted (the chain had them), sent (transactions, repeats too).",
            ("done",),
            lambda: {(done,): count for done, count in self.credited.items()},
        )

    def _attempts(self) -> Figures:
        if self.dispatcher is None:
            return {}
        return {("decided",): self.dispatcher.decided, ("published",): self.dispatcher.published}

    def _reports(self) -> Figures:
        if self.intake is None:
            return {}
        refused: Figures = {(reason.value,): count for reason, count in self.intake.refused.items()}
        return {("accepted",): self.intake.accepted, **refused}
