"""
Write the log: one line an outcome, event name first, then key=value.

At a terminal for people, in production as JSON with the name of the program, always with the time in UTC. Libraries
that log through the standard library come out the same way. A job is told under the key `job`, by its id, everywhere.
"""

import logging
import sys
from typing import Any, Literal

import structlog


def configure(environment: Literal["development", "production"], *, level: str = "INFO", program: str = "") -> None:
    """Set up logging for this process, which is called `program` in production."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    rendered: list[structlog.typing.Processor] = (
        [_naming(program), structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        if environment == "production"
        else [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=24, sort_keys=False)]
    )
    structlog.configure(
        processors=[*shared, *rendered],
        wrapper_class=structlog.make_filtering_bound_logger(level.lower()),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendered],
            foreign_pre_chain=shared,
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


def _naming(program: str) -> structlog.typing.Processor:
    def name(_: Any, __: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
        return {"program": program, **line} if program else line

    return name
