"""
The metrics of a program: figures that Prometheus reads, each declared once with its name and what it says.

    hot path     adds to plain numbers: a `Counter` of the standard library, a `Spread`
    scrape       asks what must be asked elsewhere (`prepare`), then reads all figures and writes them out

Nothing of the Prometheus client is touched before somebody reads. `docs/reference/metrics.md` is written from the
declarations, so that a metric without a description cannot be.
"""

from bisect import bisect_left
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

Labels = tuple[str, ...]
Figures = Mapping[Labels, float]
Read = Callable[[], Figures]
Spreading = Mapping[Labels, tuple[Sequence[tuple[str, float]], float]]
"""Of each labels: how many figures were at most as large as each bound, and their sum."""

CONTENT_TYPE = CONTENT_TYPE_LATEST
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""The bounds of most times."""


class Spread:
    """How often figures fell below each of some bounds, by labels, and what they sum up to."""

    def __init__(self, bounds: Sequence[float] = SECONDS) -> None:
        self.bounds = tuple(bounds)
        # Of each labels: how many figures fell into each bucket, the last one without a bound; then their sum.
        self._rows: dict[Labels, list[float]] = {}

    def begin(self, labels: Labels) -> list[float]:
        """Tell of labels before there is a figure: what Prometheus sees as 1 at first has not grown for it."""
        return self._rows.setdefault(labels, [0] * (len(self.bounds) + 2))

    def note(self, labels: Labels, figure: float) -> None:
        """Count one more figure."""
        row = self._rows.get(labels) or self.begin(labels)
        row[bisect_left(self.bounds, figure)] += 1
        row[-1] += figure

    def read(self) -> Spreading:
        """Return how the figures spread."""
        names = [*map(str, map(float, self.bounds)), "+Inf"]
        return {
            labels: (list(zip(names, accumulate(row[:-1]), strict=True)), row[-1]) for labels, row in self._rows.items()
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """A metric as an operator looks it up; `name` is the one that Prometheus knows it by."""

    name: str
    kind: str
    text: str
    labels: tuple[str, ...]


class Metrics:
    """The metrics of one program, in the order in which they were declared."""

    def __init__(self, program: str) -> None:
        self.program = program
        self.described: list[Described] = []
        self._registry = CollectorRegistry()
        self._prepare: list[Callable[[], Awaitable[None]]] = []

    def counter(self, name: str, text: str, labels: Labels, read: Read) -> None:
        """Declare a figure that only grows; its name ends in `_total`."""
        assert name.endswith("_total"), f"{name}: a counter's name ends in _total"
        self._declare(name, "counter", text, labels, lambda: _filled(CounterMetricFamily, name, text, labels, read))

    def gauge(self, name: str, text: str, labels: Labels, read: Read) -> None:
        """Declare a figure that comes and goes."""
        self._declare(name, "gauge", text, labels, lambda: _filled(GaugeMetricFamily, name, text, labels, read))

    def histogram(self, name: str, text: str, labels: Labels, read: Callable[[], Spreading]) -> None:
        """Declare how figures spread."""

        def collect() -> Metric:
            family = HistogramMetricFamily(name, text, labels=labels)
            for values, (buckets, total) in read().items():
                family.add_metric(values, list(buckets), total)
            return family

        self._declare(name, "histogram", text, labels, collect)

    def prepare(self, work: Callable[[], Awaitable[None]]) -> None:
        """Have something done before each reading; it raises nothing, for the other figures are read all the same."""
        self._prepare.append(work)

    def with_process(self) -> None:
        """Add what the Prometheus client knows of every process: memory, CPU, open files, garbage collection."""
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self._registry)

    async def exposition(self) -> bytes:
        """Return all figures as of now, as Prometheus reads them."""
        for work in self._prepare:
            await work()
        return generate_latest(self._registry)

    def _declare(self, name: str, kind: str, text: str, labels: Labels, collect: Callable[[], Metric]) -> None:
        self.described.append(Described(name=name, kind=kind, text=text, labels=labels))
        self._registry.register(_Lazy(collect))


class _Lazy(Collector):
    """What is worked out when somebody reads."""

    def __init__(self, work: Callable[[], Metric]) -> None:
        self._work = work

    def collect(self) -> Iterable[Metric]:
        return [self._work()]


def _filled(
    family: type[CounterMetricFamily] | type[GaugeMetricFamily], name: str, text: str, labels: Labels, read: Read
) -> Metric:
    filled = family(name, text, labels=labels)
    for values, figure in read().items():
        filled.add_metric(values, figure)
    return filled
