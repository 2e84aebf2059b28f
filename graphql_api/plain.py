"""
Jobs and providers as older clients read them: flat objects with plain names, over REST and over NATS.

These classes are what is sent, and what the OpenAPI document says is sent. Of a job, what to run is empty for whoever
may not know it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated

from msgspec import Meta, Struct

from graphql_api.life_rows import SpecRow
from graphql_api.rows import GpuModelRow, JobRow, JobTotalsRow, ProviderRow, ProviderTotalsRow
from models.values import JobStatus, show_bytes

Address = Annotated[str, Meta(pattern="^0x[0-9a-fA-F]{40}$", description="In EIP-55 form.")]
JobId = Annotated[str, Meta(pattern="^0x[0-9a-f]{64}$")]
Wei = Annotated[str, Meta(pattern="^[0-9]+$", description="Exact, as a decimal string.")]
Moment = Annotated[datetime, Meta(tz=True, description="RFC 3339, UTC.")]
Status = Annotated[str, Meta(extra_json_schema={"enum": [status.lower() for status in JobStatus]})]
Secret = Annotated[str, Meta(description="For its renter, its provider and admins; empty for others.")]
No = Annotated[bool, Meta(extra_json_schema={"const": False})]


class Provider(Struct, frozen=True, kw_only=True):
    """A provider of GPU time."""

    id: int
    wallet_address: Address
    gpu_model: str
    vram: Annotated[int, Meta(description="MiB.")]
    last_seen: Moment | None
    is_online: bool
    total_jobs_completed: int
    reputation_score: int
    created_at: Moment
    updated_at: Moment


class Job(Struct, frozen=True, kw_only=True):
    """A job that a renter paid a provider for."""

    id: JobId
    renter_address: Address
    provider_address: Annotated[Address | None, Meta(description="Null where the job names nobody.")]
    docker_image: Secret
    greenfield_input_url: Secret
    greenfield_output_bucket: Secret
    greenfield_output_name: Secret
    payment_amount: Wei
    status: Status
    created_at: Moment
    updated_at: Moment
    assigned_at: Moment | None
    completed_at: Moment | None
    failed_at: Moment | None
    error_message: str | None


class Providers(Struct, frozen=True, kw_only=True):
    """One page of providers."""

    nodes: list[Provider]
    count: Annotated[int, Meta(description="The rows on this page.")]


class Jobs(Struct, frozen=True, kw_only=True):
    """One page of jobs."""

    jobs: list[Job]
    count: Annotated[int, Meta(description="The rows on this page.")]


class ProviderStatistics(Struct, frozen=True, kw_only=True):
    """All providers in numbers; models are the hundred most frequent ones."""

    total_nodes: int
    online_nodes: int
    total_vram: Annotated[int, Meta(description="MiB, of all providers.")]
    avg_reputation: float
    gpu_models: list[str]
    total_jobs: Annotated[int, Meta(description="Jobs that renters confirmed, of all providers.")]
    gpu_model_counts: Annotated[dict[str, int], Meta(description="Providers of each model.")]


class JobStatistics(Struct, frozen=True, kw_only=True):
    """All jobs in numbers; a job is counted once, by where it stands now."""

    total_jobs: int
    completed_jobs: Annotated[int, Meta(description="Confirmed by the renter, or said to be done by the agent.")]
    failed_jobs: Annotated[int, Meta(description="Failed by their agents' word, and not confirmed.")]
    running_jobs: Annotated[int, Meta(description="Their agents have begun: status running.")]
    pending_jobs: Annotated[int, Meta(description="Not begun: status created or assigned.")]
    status_breakdown: Annotated[dict[str, int], Meta(description="Jobs of every status, also where there are none.")]


class Failure(Struct, frozen=True, kw_only=True):
    """What is said instead of an answer."""

    error: str
    success: No = False


def show_provider(row: ProviderRow) -> Provider:
    """Return a provider."""
    return Provider(
        id=row.id,
        wallet_address=row.wallet_address,
        gpu_model=row.gpu_model,
        vram=row.vram,
        last_seen=_moment(row.last_seen),
        is_online=row.is_online,
        total_jobs_completed=row.total_jobs_completed,
        reputation_score=row.reputation_score,
        created_at=row.created_at.astimezone(UTC),
        updated_at=row.updated_at.astimezone(UTC),
    )


def show_job(row: JobRow, spec: SpecRow | None = None) -> Job:
    """Return a job, with what to run for those who may know it."""
    return Job(
        id=show_bytes(row.job_id),
        renter_address=row.renter,
        provider_address=row.provider,
        docker_image=spec.docker_image if spec else "",
        greenfield_input_url=(spec.input_url if spec else None) or "",
        greenfield_output_bucket=(spec.output_bucket if spec else None) or "",
        greenfield_output_name=(spec.output_name if spec else None) or "",
        payment_amount=str(row.payment),
        status=row.status.lower(),
        created_at=row.created_at.astimezone(UTC),
        updated_at=row.updated_at.astimezone(UTC),
        assigned_at=_moment(row.assigned_at),
        completed_at=_moment(row.completed_at),
        failed_at=_moment(row.failed_at),
        error_message=row.error,
    )


def show_providers(rows: Sequence[ProviderRow]) -> Providers:
    """Return a page of providers."""
    return Providers(nodes=[show_provider(row) for row in rows], count=len(rows))


def show_jobs(rows: Sequence[JobRow], specs: Mapping[bytes, SpecRow | None] | None = None) -> Jobs:
    """Return a page of jobs, with what to run for those of `specs`."""
    known = specs or {}
    return Jobs(jobs=[show_job(row, known.get(row.job_id)) for row in rows], count=len(rows))


def show_provider_statistics(totals: ProviderTotalsRow, models: Sequence[GpuModelRow]) -> ProviderStatistics:
    """Return all providers in numbers."""
    return ProviderStatistics(
        total_nodes=totals.total,
        online_nodes=totals.online,
        total_vram=int(totals.vram),
        avg_reputation=totals.reputation,
        gpu_models=[row.gpu_model for row in models],
        total_jobs=int(totals.jobs_completed),
        gpu_model_counts={row.gpu_model: row.total for row in models},
    )


def show_job_statistics(rows: Sequence[JobTotalsRow]) -> JobStatistics:
    """Return all jobs in numbers."""
    counts: Counter[str] = Counter()
    for row in rows:
        counts[row.status] += row.count
    return JobStatistics(
        total_jobs=counts.total(),
        completed_jobs=counts[JobStatus.COMPLETED],
        failed_jobs=counts[JobStatus.FAILED],
        running_jobs=counts[JobStatus.RUNNING],
        pending_jobs=counts[JobStatus.CREATED] + counts[JobStatus.ASSIGNED],
        status_breakdown={status.lower(): counts[status] for status in JobStatus},
    )


def _moment(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(UTC)
