"""
Let Prometheus and a supervisor look into a program that serves nothing else.

    /metrics   the figures, to who shows the token where there is one
    /health    that the process lives
    /ready     whether it does its work, and why not
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import structlog
from aiohttp import web

from runtime.metrics import CONTENT_TYPE, Metrics
from runtime.metrics_settings import MetricsSettings
from runtime.ports import ensure_free
from runtime.readiness import AskReadiness

logger = structlog.get_logger()


@asynccontextmanager
async def served(metrics: Metrics, settings: MetricsSettings, readiness: AskReadiness) -> AsyncIterator[None]:
    """Answer for as long as the block lasts, where the settings name a port. Raises `PortInUse`."""
    if settings.metrics_port is None:
        yield
        return
    ensure_free(settings.metrics_host, settings.metrics_port, "METRICS_PORT")
    metrics.with_process()
    application = web.Application()
    application.add_routes(
        [
            web.get("/metrics", _metrics(metrics, settings)),
            web.get("/health", _health(metrics)),
            web.get("/ready", _ready(readiness)),
        ]
    )
    runner = web.AppRunner(application, access_log=None, handle_signals=False, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, settings.metrics_host, settings.metrics_port).start()
        logger.info("metrics.served", url=f"http://{settings.metrics_host}:{settings.metrics_port}/metrics")
        yield
    finally:
        await runner.cleanup()


def _metrics(metrics: Metrics, settings: MetricsSettings) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(request: web.Request) -> web.Response:
        if not settings.lets_read(request.headers.get("Authorization", "")):
            raise web.HTTPUnauthorized(text="show METRICS_TOKEN as Authorization: Bearer …\n")
        return web.Response(body=await metrics.exposition(), headers={"Content-Type": CONTENT_TYPE})

    return answer


def _health(metrics: Metrics) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(_: web.Request) -> web.Response:
        return web.json_response({"status": "healthy", "service": f"lamda-{metrics.program}"})

    return answer


def _ready(readiness: AskReadiness) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(_: web.Request) -> web.Response:
        found = await readiness()
        return web.json_response(found.told(), status=200 if found.ready else 503)

    return answer
