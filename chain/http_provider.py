"""
How web3 reaches an endpoint: one aiohttp session, opened and closed with the connection.

web3's own provider keeps its sessions behind one lock for the whole process, taken in a thread. A task that is
cancelled while it waits there leaves the lock taken for ever, and then no web3 call returns. Tasks are cancelled
here whenever something stops, so the few lines that send a request are ours.
"""

from typing import Any

import aiohttp
from web3.providers.async_base import AsyncJSONBaseProvider
from web3.types import RPCEndpoint, RPCResponse

JSON = {"Content-Type": "application/json"}


class HttpProvider(AsyncJSONBaseProvider):
    """One endpoint over HTTP."""

    # A contract must not be able to send us to a URL of its choice.
    global_ccip_read_enabled = False

    def __init__(self, url: str, *, timeout_seconds: float) -> None:
        super().__init__()
        self._url = url
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds)
        self._session: aiohttp.ClientSession | None = None

    async def connect(self) -> None:
        """Open the session; the endpoint is first asked when somebody has a question."""
        self._session = aiohttp.ClientSession(timeout=self._timeout, raise_for_status=True, headers=JSON)

    async def disconnect(self) -> None:
        """Close the session."""
        if self._session is not None:
            await self._session.close()

    async def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        """Send one request and return the answer as it came."""
        assert self._session is not None, "use `async with Connection(…)`"
        async with self._session.post(self._url, data=self.encode_rpc_request(method, params)) as response:
            return self.decode_rpc_response(await response.read())
