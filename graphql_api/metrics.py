"""
The metrics of the API: requests, cost, errors, live connections, and where its time goes.

Told at `/metrics` on the API's own port. That port is open to everybody, so in production whoever reads must show the
token of the setting METRICS_TOKEN.
"""

from collections.abc import Callable, Mapping

from starlette.datastructures import State
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from runtime import progress_store
from runtime.database_figures import DatabaseFigures
from runtime.metrics import CONTENT_TYPE, Figures, Metrics
from runtime.metrics_settings import MetricsSettings

UNAUTHORIZED, FORBIDDEN = 401, 403


def api_metrics(state: State) -> Metrics:
    """Return the metrics of an application, by what its state holds when they are read."""
    metrics = Metrics("api")
    metrics.with_process()
    progress_store.declare(metrics, DatabaseFigures(metrics, lambda: state.world.pool, progress_store.read))
    _declare_requests(metrics, state)
    _declare_live(metrics, state)
    _declare_database(metrics, state)
    return metrics


def metrics_route(settings: MetricsSettings, *, is_public: bool) -> Route:
    """Return the route at which the metrics of the application are read."""

    async def answer(request: Request) -> Response:
        if is_public and settings.metrics_token is None:
            return PlainTextResponse("set METRICS_TOKEN to read metrics of a public API\n", FORBIDDEN)
        if not settings.lets_read(request.headers.get("authorization", "")):
            return PlainTextResponse("show METRICS_TOKEN as Authorization: Bearer …\n", UNAUTHORIZED)
        metrics: Metrics = request.app.state.metrics
        return Response(await metrics.exposition(), headers={"Content-Type": CONTENT_TYPE})

    return Route("/metrics", answer)


def _declare_requests(metrics: Metrics, state: State) -> None:
    metrics.histogram(
        "lamda_api_request_seconds",
        "Time from a request to the beginning of its answer; its count is the number of requests.",
        ("route", "method", "status"), lambda: state.world.figures.requests.read(),
    )  # fmt: skip
    metrics.counter(
        "lamda_api_questions_total",
        "GraphQL questions by POST, by who answered them: a plan, or the general executor.",
        ("answered_by",), lambda: _questions(state),
    )  # fmt: skip
    metrics.histogram(
        "lamda_api_cost_fields", "Cost of the operations that were let in, in fields.", (),
        lambda: state.world.figures.costs.read(),
    )  # fmt: skip
    metrics.counter(
        "lamda_api_errors_total",
        "Errors in answers to GraphQL operations, by code; INTERNAL is a fault of ours.",
        ("code",), lambda: state.world.figures.errors,
    )  # fmt: skip


def _questions(state: State) -> Figures:
    counts = state.compiled.counts
    return {("plan",): counts.answered, ("general",): sum(counts.passed_on.values())}


def _declare_live(metrics: Metrics, state: State) -> None:
    metrics.gauge(
        "lamda_api_live_connections", "WebSockets and event streams that are open.", (),
        lambda: {(): state.live.capacity.open},
    )  # fmt: skip
    metrics.gauge(
        "lamda_api_live_selections", "Different selections that are watched; each costs work with every change.", (),
        lambda: {(): len(state.live.registry)},
    )  # fmt: skip
    metrics.gauge(
        "lamda_api_live_subscribers", "Subscriptions under way.", (),
        lambda: {(): state.live.registry.subscribers},
    )  # fmt: skip
    metrics.counter(
        "lamda_api_live_closed_total",
        "Live connections that we ended, by reason; FELL_BEHIND is a client that read too slowly, and was dropped.",
        ("reason",), lambda: state.world.figures.live_closed,
    )  # fmt: skip
    metrics.gauge(
        "lamda_api_feed_position", "Last change of the feed that was handed to subscribers; absent without a reader.",
        (), lambda: {} if (number := state.world.broadcast.handed_out) is None else {(): number},
    )  # fmt: skip


def _declare_database(metrics: Metrics, state: State) -> None:
    metrics.counter(
        "lamda_api_seconds_total",
        "Where the time of plans goes: waiting for a line to Postgres, and for what a statement answers there.",
        ("doing",), lambda: state.world.lines.seconds,
    )  # fmt: skip
    gauges: Mapping[str, tuple[str, str]] = {
        "size": ("pool_size", "Connections to Postgres that the general executor's pool holds."),
        "idle": ("pool_available", "Those of them that nobody uses."),
        "waiting": ("requests_waiting", "Who waits for one of them now."),
    }
    for name, (statistic, text) in gauges.items():
        metrics.gauge(f"lamda_api_pool_{name}", text, (), _pool(state, statistic))
    metrics.counter(
        "lamda_api_pool_wait_seconds_total", "Time that was spent waiting for one of them.", (),
        lambda: {(): state.world.pool.get_stats().get("requests_wait_ms", 0) / 1000},
    )  # fmt: skip


def _pool(state: State, statistic: str) -> Callable[[], Figures]:
    return lambda: {(): state.world.pool.get_stats().get(statistic, 0)}
