"""What `lamda credits` says, once it says it."""

from tests.effects.marketplace import until
from tests.rehearsals.page import Page


async def credits_say(page: Page, words: str) -> str:
    """Look at the credits until it says something there, and return all that it says."""
    said = ""

    async def does() -> bool:
        nonlocal said
        said = await page.run("lamda credits")
        return words in said

    await until(does, within=60, what=f"`lamda credits` says {words!r}")
    return said
