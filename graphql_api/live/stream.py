"""
One operation over Server-Sent Events, as `graphql-sse` speaks it in its mode of distinct connections.

Errors found before anything is answered come as an event too, for a browser's EventSource cannot read any other answer.
A stream that ends without `complete` was not completed: its client comes back, with its last cursor if it is wise.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import ExitStack

from graphql import GraphQLError

from graphql_api.errors import Declined, FellBehind, NotSignedIn
from graphql_api.live.live import Live
from graphql_api.live.operations import Operation
from graphql_api.live.outbox import Outbox
from graphql_api.live.registry import Begun
from graphql_api.live.tasks import start
from graphql_api.viewers import Viewer
from graphql_api.visits import Visit

KEEP_ALIVE_SECONDS = 15.0
COMPLETE = "event: complete\ndata:\n\n"
KEEP_ALIVE = ":\n\n"


class Stream:
    """The outlet of an operation that has a response for itself."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._outbox = Outbox(live.limits.api_live_queue_bytes_max, self._fell_behind)
        self._ending: str | None = None
        self._begun = Begun()

    async def texts(self, operation: Operation, visit: Visit, viewer: Viewer | None) -> AsyncGenerator[str, None]:
        """Yield the events, each as soon as it is there, and a sign of life where there is none."""
        task: asyncio.Task[None] | None = None
        with ExitStack() as stack:
            stack.callback(self._live.when_stopping(self._outbox.end))
            if viewer is not None and visit.token is not None:
                stack.enter_context(self._live.sessions.living_by(visit.token, self._lose_session))
            try:
                self._begun = await self._live.begin(operation, visit, viewer, self)
                if self._begun.work is not None:
                    task = start(self._begun.work(), lambda error: self.fail([error]))
                async for text in self._alive():
                    yield text
            finally:
                self._begun.leave()
                if task is not None:
                    task.cancel()

    def next(self, payload: str) -> None:
        """Bring an answer."""
        self._outbox.put(f"event: next\ndata: {payload}\n\n")

    def fail(self, errors: Sequence[GraphQLError]) -> None:
        """End with errors."""
        self.next(_payload(errors))
        self.complete()

    def complete(self) -> None:
        """End, for all is said."""
        self._outbox.put(COMPLETE)
        self._outbox.end()

    async def room(self) -> None:
        """Return when the client has read enough of what it was brought."""
        await self._outbox.room()

    async def _alive(self) -> AsyncGenerator[str, None]:
        texts = self._outbox.texts()
        coming = asyncio.ensure_future(anext(texts, None))
        try:
            while True:
                await asyncio.wait({coming}, timeout=KEEP_ALIVE_SECONDS)
                if not coming.done():
                    yield KEEP_ALIVE
                    continue
                text = coming.result()
                if text is None:
                    break
                yield text
                coming = asyncio.ensure_future(anext(texts, None))
        finally:
            coming.cancel()
        if self._ending is not None:
            yield self._ending

    def _fell_behind(self) -> None:
        self._end_for(FellBehind("this stream was read too slowly: subscribe again with after: the last cursor"))

    def _lose_session(self) -> None:
        self._outbox.end(drop=True)
        self._end_for(NotSignedIn("the session has ended: sign in again"))

    def _end_for(self, reason: Declined) -> None:
        self._live.note_closed(reason.code)
        self._begun.leave()
        self._ending = f"event: next\ndata: {_payload([reason])}\n\n{COMPLETE}"


def _payload(errors: Sequence[GraphQLError]) -> str:
    return json.dumps({"errors": [error.formatted for error in errors]}, separators=(",", ":"))
