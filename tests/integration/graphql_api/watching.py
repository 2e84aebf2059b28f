"""Watch the API in a test: what to subscribe to, and how to wait for what is told."""

import asyncio
from typing import Any

from models.feed import ChangeKind, Entity
from runtime.feed import Change
from tests.integration.graphql_api.client import Watching
from tests.integration.graphql_api.market import Market

JOBS = """subscription ($filter: JobFilter, $jobId: Bytes32, $after: String) {
    jobChanges(filter: $filter, jobId: $jobId, after: $after) {
        kind jobId matches byReorg cursor job { status escrow payment provider { gpuModel } }
    } }"""

PROVIDERS = """subscription ($filter: ProviderFilter, $address: Address, $after: String) {
    providerChanges(filter: $filter, address: $address, after: $after) {
        kind address matches byReorg cursor provider { isOnline reputationScore }
    } }"""


async def until_it_hears(watching: Watching, market: Market) -> None:
    """Wait until the subscription hears: a RESYNC that goes to everybody is told again until it does."""
    while True:
        for entity in (Entity.JOB, Entity.PROVIDER):
            await market.tell(Change(entity=entity, kind=ChangeKind.RESYNC, key=None))
        try:
            async with asyncio.timeout(0.1):
                while [change["kind"] for change in (await watching.told()).values()] != ["RESYNC"]:
                    pass
                return
        except TimeoutError:
            continue


async def next_change(watching: Watching) -> Any:
    """Return the next change that is about one thing."""
    while True:
        [change] = (await watching.told()).values()
        if change["kind"] != "RESYNC":
            return change


async def next_failure(watching: Watching) -> Any:
    """Return the error that ends a subscription."""
    while True:
        message = await watching.message()
        if message["type"] == "error":
            return message["payload"][0]
