"""The two readings of a filter, SQL over state and Python over changes, mean the same rows."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from graphql_api.criteria import Criteria, holds, read_watched
from graphql_api.orders import job_order, provider_order
from graphql_api.pages import Page
from graphql_api.program import open_world
from graphql_api.reading import Reading
from graphql_api.scalars import Address, Wei
from graphql_api.schema.filters import JobFilter, ProviderFilter, job_criteria, provider_criteria
from models.feed import Entity
from models.values import EscrowStatus, JobStatus, parse_bytes32
from runtime.settings import ApiSettings
from tests.integration.graphql_api.market import Market, address, moment
from tests.integration.graphql_api.stock import five_providers, seven_jobs

JOBS = [
    JobFilter(),
    JobFilter(status=JobStatus.COMPLETED),
    JobFilter(status_in=[JobStatus.CREATED, JobStatus.FAILED]),
    JobFilter(status_in=[]),
    JobFilter(escrow=EscrowStatus.CONFIRMED),
    JobFilter(renter=Address(address("anna"))),
    JobFilter(provider=Address(address("q"))),
    JobFilter(min_payment=Wei(2), max_payment=Wei(6)),
    JobFilter(created_after=moment(11), created_before=moment(14)),
    JobFilter(created_after=moment(11) - timedelta(microseconds=1)),
    JobFilter(status=JobStatus.CREATED, provider=Address(address("p")), min_payment=Wei(2)),
]

PROVIDERS = [
    ProviderFilter(),
    ProviderFilter(is_online=False),
    ProviderFilter(gpu_model="RTX 4090"),
    ProviderFilter(gpu_model_in=["A100", ""]),
    ProviderFilter(min_vram_mib=24564, max_vram_mib=81559),
    ProviderFilter(min_reputation=3, is_online=True),
    ProviderFilter(address_in=[Address(address("b")), Address(address("e"))]),
]


@pytest.fixture
async def reading(schema_url: str, market: Market) -> AsyncIterator[Reading]:
    """A reading of seven jobs and five providers, each told to the feed."""
    await market.commit(*seven_jobs(), *five_providers())
    async with open_world(ApiSettings(), database_url=schema_url) as world:
        opened = Reading(world)
        yield opened
        await opened.close()


async def _told(market: Market, entity: Entity, criteria: Criteria) -> set[str]:
    """Return the keys whose newest change meets the criteria."""
    changes: list[tuple[str, Any]] = await market.execute(
        "select key, after from changes where entity = %s order by position", entity.value
    )
    newest = dict(changes)
    return {key for key, after in newest.items() if holds(criteria, read_watched(entity, key, after))}


async def test_a_filter_of_jobs_means_the_same_in_both_readings(reading: Reading, market: Market) -> None:
    """So a list and the subscription beside it never disagree."""
    for chosen in JOBS:
        criteria = job_criteria(chosen)
        listed = {row.job_id for row in (await reading.jobs(criteria, Page(order=job_order()))).rows}

        assert listed == {parse_bytes32(key) for key in await _told(market, Entity.JOB, criteria)}, chosen


async def test_a_filter_of_providers_means_the_same_in_both_readings(reading: Reading, market: Market) -> None:
    """So a list and the subscription beside it never disagree."""
    for chosen in PROVIDERS:
        criteria = provider_criteria(chosen)
        listed = {row.wallet_address for row in (await reading.providers(criteria, Page(order=provider_order()))).rows}

        assert listed == await _told(market, Entity.PROVIDER, criteria), chosen
