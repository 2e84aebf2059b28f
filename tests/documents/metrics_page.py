"""The reference of metrics, from what each program declares."""

from collections.abc import Mapping, Sequence

from starlette.datastructures import State

from dispatch.metrics import ReactorMetrics
from graphql_api.metrics import api_metrics
from indexer.metrics import IndexerMetrics
from runtime.metrics import Described, Metrics
from tests.documents.markdown import page, table

ABOUT = """\
Every program tells its figures at `/metrics`, in the text format of Prometheus: the API on its own port, indexer and
reactor on `METRICS_HOST` and `METRICS_PORT`, where that is set. With `METRICS_TOKEN`, whoever reads shows it as
`Authorization: Bearer …`; in production the API tells nothing without one, for its port is open to everybody.

Figures about Postgres' rows are asked for when somebody reads; while it does not answer they are absent, and
`lamda_database_up` is 0. What counts is counted by one process from its start, as Prometheus expects. Each program
tells besides what its own process needs: `process_cpu_seconds_total`, `process_resident_memory_bytes`,
`process_open_fds` and others of the Prometheus client.

[How programs are watched](../operations/README.md) says what reads all of it: a configuration, alerts, a dashboard."""

HEADING = ("metric", "kind", "labels", "told by", "what it says")
PARTS = {
    "chain": "How far each chain is",
    "indexer": "What the indexer does",
    "endpoint": "Endpoints",
    "dispatch": "Jobs on their way to agents",
    "credit": "Credits",
    "signer": "Signers",
    "api": "The API",
    "database": "Postgres",
}
"""What metrics are about, by the second word of their names, in the order of the page."""


def programs() -> list[Metrics]:
    """Return the metrics of each program, of which none runs."""
    indexer, reactor = Metrics("indexer"), Metrics("reactor")
    IndexerMetrics(indexer, None)
    ReactorMetrics(reactor)
    return [indexer, reactor, api_metrics(State())]


def catalogue() -> Mapping[Described, list[str]]:
    """Return every metric, with the programs that tell it."""
    told: dict[Described, list[str]] = {}
    for program in programs():
        for metric in program.described:
            told.setdefault(metric, []).append(program.program)
    return told


def written() -> str:
    """Return the page."""
    told = catalogue()
    return page("Metrics", ABOUT, (_part(word, about, told) for word, about in PARTS.items()))


def _part(word: str, about: str, told: Mapping[Described, Sequence[str]]) -> str:
    rows = [_row(metric, who) for metric, who in told.items() if metric.name.split("_")[1] == word]
    return f"## {about}\n\n{table(HEADING, rows)}"


def _row(metric: Described, who: Sequence[str]) -> Sequence[str]:
    labels = ", ".join(f"`{label}`" for label in metric.labels) or "–"
    return f"`{metric.name}`", metric.kind, labels, ", ".join(who), metric.text
