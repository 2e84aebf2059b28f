"""Wait until the API says that what it answers is fresh."""

import asyncio

import aiohttp

LOOK_SECONDS = 0.2
ANSWER_SECONDS = 5.0


async def wait_until_ready(url: str, *, within_seconds: float) -> str:
    """Return nothing once `/ready` says yes, or its last answer when that takes too long."""
    answer = "no answer"
    try:
        async with asyncio.timeout(within_seconds), aiohttp.ClientSession() as session:
            while True:
                is_ready, answer = await _ask(session, f"{url}/ready", unless_told=answer)
                if is_ready:
                    return ""
                await asyncio.sleep(LOOK_SECONDS)
    except TimeoutError:
        return answer


async def _ask(session: aiohttp.ClientSession, url: str, *, unless_told: str) -> tuple[bool, str]:
    try:
        async with session.get(url, timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS)) as response:
            return response.ok, await response.text()
    except (aiohttp.ClientError, TimeoutError):
        return False, unless_told
