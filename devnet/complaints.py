"""
Complain about each trouble once, however many meet it and however often.

Actors take their steps again after whatever goes wrong, and all of them meet the same trouble; the log gets one line
when it begins.
"""

import asyncio

import structlog

QUIET_SECONDS = 30.0
"""A trouble that nobody has met for so long is a new one."""

logger = structlog.get_logger()


class Complaints:
    """What the actors of one world have complained about lately."""

    def __init__(self) -> None:
        self._met: dict[str, float] = {}

    def complain(self, reason: str) -> None:
        """Log a trouble, unless it has been going on."""
        now = asyncio.get_running_loop().time()
        is_new = now - self._met.get(reason, -QUIET_SECONDS) >= QUIET_SECONDS
        self._met = {each: at for each, at in self._met.items() if now - at < QUIET_SECONDS} | {reason: now}
        if is_new:
            logger.warning("world.stumbled", reason=reason)
