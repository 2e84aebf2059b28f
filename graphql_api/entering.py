"""
Let people in and out: what `signIn` and `signOut` do, through whichever door.

The nonce is used up first, so that whatever is wrong with an attempt, nobody can make a second one of it.
"""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime

from graphql_api.account_store import Issued
from graphql_api.errors import SignInRefused
from graphql_api.reading import World
from graphql_api.sign_in import nonce_of, read_claim
from graphql_api.viewers import Viewer


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Who has signed in, and the session they have now."""

    viewer: Viewer
    session: Issued


async def enter(world: World, message: str, signature: str) -> Entry:
    """Let somebody in by a message of EIP-4361 and its signature. Raises `Declined`."""
    if not await world.accounts.use_up(nonce_of(message)):
        raise SignInRefused("the nonce is not one of ours, was used before or is older than ten minutes")
    # In a thread: reading the message by its grammar would hold up everybody else's answers.
    claim = await asyncio.to_thread(read_claim, message, signature, world.terms, datetime.now(UTC))
    if not claim.is_proven:
        await world.wallets.check(claim.address, message, signature, chain_id=claim.chain_id)
    session = await world.accounts.open_session(claim.address, world.terms.session)
    return Entry(viewer=Viewer.of(claim.address, world.terms.admins), session=session)


async def leave(world: World, token: str | None) -> bool:
    """End the session of a token, and say whether there was one."""
    return token is not None and await world.accounts.close_session(token)
