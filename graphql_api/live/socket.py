"""
One WebSocket that speaks graphql-transport-ws.

Reading and writing do not wait for each other: what is to be sent goes into an outbox, and a task of its own sends it.
Whatever a client does wrong closes its connection with the protocol's code for it, and costs nobody else anything.
"""

import asyncio
from contextlib import AsyncExitStack, suppress

from starlette.websockets import WebSocket, WebSocketDisconnect

from graphql_api.errors import Declined
from graphql_api.live import messages
from graphql_api.live.live import Live
from graphql_api.live.messages import Broken, Code, Message
from graphql_api.live.outbox import Outbox
from graphql_api.live.socket_operation import SocketOperation
from graphql_api.viewers import Viewer
from graphql_api.visits import Visit

CLOSE_SECONDS = 5.0
"""How long a client may take to read that its connection is closed."""

WINDOW_SECONDS = 10.0
"""How long the messages of a client are counted."""


class Socket:
    """A connection, from its acceptance to its end."""

    _viewer: Viewer | None = None

    def __init__(self, live: Live, websocket: WebSocket, visit: Visit) -> None:
        self._live = live
        self._websocket = websocket
        self._visit = visit
        self._is_greeted = False
        self._closing: tuple[Code, str] | None = None
        self._outbox = Outbox(live.limits.api_live_queue_bytes_max, self._fell_behind)
        self._operations: dict[str, SocketOperation] = {}
        self._heard = 0
        self._window_ends = 0.0
        self._patience = asyncio.timeout(None)

    async def run(self) -> None:
        """Serve the client until either side ends the connection."""
        writing = asyncio.create_task(self._write())
        greeting = asyncio.get_running_loop().call_later(
            self._live.limits.api_live_init_seconds_max, self._hear_no_greeting
        )
        try:
            async with AsyncExitStack() as stack:
                with suppress(TimeoutError):
                    async with self._patience:
                        await self._read(stack)
        finally:
            greeting.cancel()
            self._outbox.end(drop=True)
            for operation in list(self._operations.values()):
                operation.leave()
            writing.cancel()

    def close(self, code: Code, reason: str) -> None:
        """Drop what waits to be sent and close the connection; only the first reason counts."""
        if self._closing is not None:
            return
        self._closing = code, messages.shortened(reason)
        self._live.note_closed(code.name)
        self._outbox.end(drop=True)
        for operation in list(self._operations.values()):
            operation.leave()
        self._patience.reschedule(asyncio.get_running_loop().time() + CLOSE_SECONDS)

    async def _read(self, stack: AsyncExitStack) -> None:
        while True:
            event = await self._websocket.receive()
            if event["type"] == "websocket.disconnect":
                return
            if self._closing is not None:
                continue
            try:
                self._count()
                await self._take(messages.read(event.get("text")), stack)
            except Broken as broken:
                self.close(broken.code, str(broken))

    async def _write(self) -> None:
        # A connection that is lost, or that the server has begun to close, refuses what is sent; the reader sees why.
        with suppress(WebSocketDisconnect, RuntimeError):
            async for text in self._outbox.texts():
                await self._websocket.send({"type": "websocket.send", "text": text})
            if self._closing is not None:
                await self._websocket.close(*self._closing)

    async def _take(self, message: Message, stack: AsyncExitStack) -> None:
        match message.type:
            case "connection_init":
                await self._greet(message, stack)
            case "ping":
                self._outbox.put(messages.PONG)
            case "subscribe":
                await self._subscribe(message)
            case "complete":
                if message.id in self._operations:
                    self._operations[message.id].leave()

    async def _greet(self, message: Message, stack: AsyncExitStack) -> None:
        if self._is_greeted:
            raise Broken(Code.TOO_MANY_INITS, "Too many initialisation requests")
        self._is_greeted = True
        self._visit.connection_params = message.payload
        token = self._visit.token
        if token is not None:
            try:
                self._viewer = await self._live.viewer(self._visit)
            except Declined as reason:
                raise Broken(Code.TRY_AGAIN_LATER, reason.message) from reason
        if token is not None and self._viewer is not None:
            stack.enter_context(self._live.sessions.living_by(token, self._lose_session))
        elif self._visit.is_explicit:
            raise Broken(Code.UNAUTHORIZED, "the session is unknown or has ended: sign in again, or show none")
        self._outbox.put(messages.acknowledged(None if self._viewer is None else self._viewer.shown))

    async def _subscribe(self, message: Message) -> None:
        if not self._is_greeted:
            raise Broken(Code.UNAUTHORIZED, "Unauthorized: connection_init comes first")
        if message.id in self._operations:
            raise Broken(Code.ALREADY_SUBSCRIBED, f"Subscriber for {message.id} already exists")
        assert message.operation is not None, "a message to subscribe has an operation"
        operation = SocketOperation(message.id, self._outbox, self._operations)
        if len(self._operations) >= self._live.limits.api_live_operations_max:
            operation.refuse(self._live.limits.api_live_operations_max)
            return
        await operation.begin(self._live, message.operation, self._visit, self._viewer)

    def _count(self) -> None:
        """Count a message. Raises `Broken` when there were too many of late."""
        now = asyncio.get_running_loop().time()
        if now >= self._window_ends:
            self._heard, self._window_ends = 0, now + WINDOW_SECONDS
        self._heard += 1
        most = self._live.limits.api_live_messages_max
        if self._heard > most:
            raise Broken(Code.FLOODED, f"more than {most} messages in {WINDOW_SECONDS:.0f} seconds")

    def _hear_no_greeting(self) -> None:
        if not self._is_greeted:
            self.close(Code.INIT_TIMEOUT, "Connection initialisation timeout")

    def _fell_behind(self) -> None:
        self.close(Code.FELL_BEHIND, "read too slowly: subscribe again with after: the last cursor")

    def _lose_session(self) -> None:
        self.close(Code.UNAUTHORIZED, "the session has ended: sign in again")
