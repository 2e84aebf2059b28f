"""
Which NATS a command works on.

`NATS_URL` where it is set. Else the embedded server: that of the running world, or one in the data folder that lives
as long as this command.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from runtime.embedded_nats import EmbeddedNats
from runtime.errors import CannotRun
from runtime.settings import BusSettings, ReactorSettings

NATS = "nats"
"""The embedded server's folder in the folder of what it belongs to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BusAccess:
    """
    Our own URL of a server, with credentials, and the seed that signs what others may do there.

    `system_url` is the server as its system account's user, who can end connections; None where we have no such user.
    """

    url: str = field(repr=False)
    callout_seed: str = field(repr=False)
    system_url: str | None = field(repr=False, default=None)


@asynccontextmanager
async def bus_access(settings: BusSettings, reactor: ReactorSettings, data: Path) -> AsyncIterator[BusAccess]:
    """Yield the NATS to work on."""
    seed, system = reactor.nats_callout_seed, reactor.nats_system_url
    if settings.nats_url is not None:
        if seed is None:
            raise CannotRun(
                "NATS_CALLOUT_SEED is missing: expected the account seed (SA…) that NATS_URL's server trusts"
            )
        system_url = None if system is None else ",".join(system)
        yield BusAccess(url=",".join(settings.nats_url), callout_seed=seed.get_secret_value(), system_url=system_url)
        return
    server = EmbeddedNats(data / NATS)
    await server.start()
    try:
        yield BusAccess(url=server.url, callout_seed=server.callout_seed, system_url=server.system_url)
    finally:
        await server.stop()
