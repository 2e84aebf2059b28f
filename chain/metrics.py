"""The metrics of endpoints: how each fares, what it was asked and what came of it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from chain.endpoint import Endpoint
from chain.rpc import Rpc
from models.values import Chain
from runtime.metrics import Labels, Metrics, Spreading

WHO = ("chain", "endpoint", "asked_by")
Figure = Callable[[Endpoint], float | None]


class EndpointMetrics:
    """The endpoints that a program asks now; `asked_by` names the part of it that does."""

    def __init__(self, metrics: Metrics) -> None:
        self._watched: dict[tuple[Chain, str], Rpc] = {}
        gauges: dict[str, tuple[str, Figure]] = {
            "head_block": ("Newest block that the endpoint told of, at its last look.", lambda each: each.height),
            "finalized_block": (
                "Newest block that it called finalized, at its last look.",
                lambda each: each.finalized,
            ),
            "latency_seconds": ("Time to answer, as a moving average.", lambda each: each.latency_seconds),
            "range_blocks": ("Blocks that the endpoint is asked for at once.", lambda each: each.range_size),
            "pace_requests_per_second": (
                "How often the endpoint is asked at most; absent while it does not complain.",
                lambda each: each.requests_per_second_max,
            ),
        }
        for name, (text, figure) in gauges.items():
            metrics.gauge(f"lamda_endpoint_{name}", text, WHO, self._reader(figure))
        metrics.gauge(
            "lamda_endpoint_resting",
            "1 while the endpoint is left alone, by the cause (trouble, rate, no_credit, logs_off, distrust), else 0.",
            (*WHO, "cause"),
            self._resting,
        )
        metrics.counter(
            "lamda_endpoint_requests_total",
            "Questions to the endpoint by JSON-RPC method and outcome.",
            (*WHO, "method", "outcome"),
            self._requests,
        )
        metrics.counter(
            "lamda_endpoint_distrusts_total",
            "Times that answers of the endpoint contradicted each other, or those of others.",
            WHO,
            self._reader(lambda each: each.asked.distrusted),
        )
        metrics.histogram(
            "lamda_endpoint_request_seconds", "Time that an HTTP request to the endpoint took.", WHO, self._times
        )

    @contextmanager
    def watching(self, rpc: Rpc, chain: Chain, *, asked_by: str) -> Iterator[None]:
        """Tell of the endpoints of a chain for as long as the block lasts."""
        self._watched[chain, asked_by] = rpc
        try:
            yield
        finally:
            if self._watched.get((chain, asked_by)) is rpc:
                del self._watched[chain, asked_by]

    def endpoints(self) -> Iterator[tuple[Labels, Endpoint]]:
        """Yield each endpoint with what it is told by."""
        for (chain, asked_by), rpc in self._watched.items():
            for endpoint in rpc.endpoints:
                yield (chain.value, endpoint.name, asked_by), endpoint

    def _reader(self, figure: Figure) -> Callable[[], dict[Labels, float]]:
        def read() -> dict[Labels, float]:
            told = ((who, figure(endpoint)) for who, endpoint in self.endpoints())
            return {who: value for who, value in told if value is not None}

        return read

    def _resting(self) -> dict[Labels, float]:
        return {
            (*who, endpoint.asked.cause or "trouble" if endpoint.is_resting else "none"): float(endpoint.is_resting)
            for who, endpoint in self.endpoints()
        }

    def _requests(self) -> dict[Labels, float]:
        return {
            (*who, method, outcome): count
            for who, endpoint in self.endpoints()
            for (method, outcome), count in endpoint.asked.counts.items()
        }

    def _times(self) -> Spreading:
        return {who: row for who, endpoint in self.endpoints() for row in endpoint.asked.seconds.read().values()}
