"""Ask over NATS, plainly and in base64 at once."""

import asyncio
import base64
import json
from typing import Any

from nats.aio.client import Client as Nats
from nats.errors import NoRespondersError


async def answered(client: Nats) -> None:
    """Return when somebody answers on both subjects."""
    async with asyncio.timeout(20):
        for subject in ("nodes.query", "jobs.query"):
            while True:
                try:
                    await client.request(subject, b"", timeout=5)
                    break
                except NoRespondersError:
                    await asyncio.sleep(0.02)


async def ask(client: Nats, subject: str, question: object) -> Any:
    """Return the answer to a question as plain JSON, having asked in base64 too."""
    plain = json.dumps(question).encode()
    encoded = json.dumps(base64.b64encode(plain).decode()).encode()
    answers = [json.loads((await client.request(subject, each, timeout=10)).data) for each in (plain, encoded)]
    assert answers[0] == answers[1]
    return answers[0]
