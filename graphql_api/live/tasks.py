"""Work in the background that somebody waits for: when it fails, they are told and the log has why."""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import Context

import structlog
from graphql import GraphQLError

from graphql_api.errors import INTERNAL

logger = structlog.get_logger()


def start(
    work: Coroutine[None, None, None], on_failure: Callable[[GraphQLError], object], *, is_shared: bool = False
) -> "asyncio.Task[None]":
    """
    Start work, and call when it fails with what clients may know of that.

    What is shared is nobody's request, whoever was the first to need it.
    """

    def ended(task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("live.failed", exc_info=error)
            on_failure(GraphQLError("internal error: subscribe again", extensions={"code": INTERNAL}))

    task = asyncio.create_task(work, context=Context() if is_shared else None)
    task.add_done_callback(ended)
    return task
