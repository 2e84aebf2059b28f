"""Jobs and providers over REST, from the same questions as over NATS and the same rows as in GraphQL."""

import asyncio

from graphql_api import job_queries, plain_queries, provider_queries
from graphql_api.errors import BadInput, NotFound
from graphql_api.life_rows import SpecRow
from graphql_api.plain import (
    Job,
    Jobs,
    JobStatistics,
    Provider,
    Providers,
    ProviderStatistics,
    show_job,
    show_job_statistics,
    show_jobs,
    show_provider,
    show_provider_statistics,
    show_providers,
)
from graphql_api.questions import (
    ADDRESS,
    JOB_PARAMETERS,
    PAGE_PARAMETERS,
    PROVIDER_PARAMETERS,
    Given,
    Kind,
    Parameter,
    jobs_asked,
    providers_asked,
)
from graphql_api.reading import Reading
from graphql_api.rest.envelopes import Call, reads
from graphql_api.rest.operations import Operation
from graphql_api.rows import JobRow
from graphql_api.scalars import Bytes32, read_bytes32
from models.values import show_bytes


async def _providers(call: Call) -> Providers:
    return show_providers(await plain_queries.providers(call.reading.snapshot, providers_asked(call.given)))


async def _provider_statistics(call: Call) -> ProviderStatistics:
    totals = await provider_queries.provider_totals(call.reading.snapshot)
    return show_provider_statistics(totals, await provider_queries.gpu_models(call.reading.snapshot))


async def _provider(call: Call) -> Provider:
    address = ADDRESS.read(call.path["address"], "address")
    row = await call.reading.provider(address)
    if row is None:
        raise NotFound(f"no provider {address}: opBNB has never seen it")
    return show_provider(row)


async def _jobs(call: Call) -> Jobs:
    return await _found(call.reading, call.given)


async def _jobs_of_renter(call: Call) -> Jobs:
    return await _found(call.reading, {**_page(call.given), "renter_address": call.path["address"]})


async def _jobs_of_provider(call: Call) -> Jobs:
    return await _found(call.reading, {**_page(call.given), "provider_address": call.path["address"]})


async def _job_statistics(call: Call) -> JobStatistics:
    return show_job_statistics(await job_queries.job_totals(call.reading.snapshot))


async def _job(call: Call) -> Job:
    job_id = _read_job_id(call.path["id"], "id")
    row = await call.reading.job(job_id)
    if row is None:
        raise NotFound(f"no job {show_bytes(job_id)}: BSC has never seen it")
    return show_job(row, (await _specs(call.reading, [row])).get(job_id))


async def _found(reading: Reading, given: Given) -> Jobs:
    rows = await plain_queries.jobs(reading.snapshot, jobs_asked(given))
    return show_jobs(rows, await _specs(reading, rows))


async def _specs(reading: Reading, rows: list[JobRow]) -> dict[bytes, SpecRow | None]:
    """Return what to run for those of some jobs that who asks may know."""
    viewer = await reading.viewer()
    readable = [row for row in rows if viewer is not None and viewer.may_read(row)]
    found = await asyncio.gather(*(reading.spec(row) for row in readable))
    return {row.job_id: spec for row, spec in zip(readable, found, strict=True)}


def _page(given: Given) -> dict[str, str]:
    return {each.name: given[each.name] for each in PAGE_PARAMETERS if each.name in given}


def _read_job_id(value: object, name: str) -> Bytes32:
    try:
        return read_bytes32(value)
    except BadInput as error:
        raise BadInput(f"{name}: {error.message}") from error


_ADDRESS = Parameter(name="address", about="In any case.", kind=ADDRESS)
_ID = Parameter(
    name="id",
    about="The 32 bytes that its renter chose.",
    kind=Kind(read=_read_job_id, schema={"type": "string", "pattern": "^(0[xX])?[0-9a-fA-F]{64}$"}),
)

OPERATIONS = (
    Operation(
        path="/api/v1/nodes",
        endpoint=reads(_providers),
        summary="Providers that are online, best reputation first",
        answers={200: Providers},
        failures=(400, 503),
        parameters=(*PROVIDER_PARAMETERS, *PAGE_PARAMETERS),
        tag="nodes",
    ),
    Operation(
        path="/api/v1/nodes/stats",
        endpoint=reads(_provider_statistics),
        summary="All providers in numbers",
        answers={200: ProviderStatistics},
        failures=(503,),
        tag="nodes",
    ),
    Operation(
        path="/api/v1/nodes/{address}",
        endpoint=reads(_provider),
        summary="One provider",
        answers={200: Provider},
        failures=(400, 404, 503),
        path_parameters=(_ADDRESS,),
        tag="nodes",
    ),
    Operation(
        path="/api/v1/jobs",
        endpoint=reads(_jobs),
        summary="Jobs, newest first",
        answers={200: Jobs},
        failures=(400, 503),
        parameters=(*JOB_PARAMETERS, *PAGE_PARAMETERS),
        signed_in=True,
        tag="jobs",
    ),
    Operation(
        path="/api/v1/jobs/stats",
        endpoint=reads(_job_statistics),
        summary="All jobs in numbers",
        answers={200: JobStatistics},
        failures=(503,),
        tag="jobs",
    ),
    Operation(
        path="/api/v1/jobs/{id}",
        endpoint=reads(_job),
        summary="One job",
        answers={200: Job},
        failures=(400, 404, 503),
        path_parameters=(_ID,),
        signed_in=True,
        tag="jobs",
    ),
    Operation(
        path="/api/v1/jobs/renter/{address}",
        endpoint=reads(_jobs_of_renter),
        summary="The jobs of a renter, newest first",
        answers={200: Jobs},
        failures=(400, 503),
        path_parameters=(_ADDRESS,),
        parameters=PAGE_PARAMETERS,
        signed_in=True,
        tag="jobs",
    ),
    Operation(
        path="/api/v1/jobs/provider/{address}",
        endpoint=reads(_jobs_of_provider),
        summary="The jobs of a provider, newest first",
        answers={200: Jobs},
        failures=(400, 503),
        path_parameters=(_ADDRESS,),
        parameters=PAGE_PARAMETERS,
        signed_in=True,
        tag="jobs",
    ),
)
"""Every operation of this module."""
