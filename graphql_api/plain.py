"""
Jobs and providers as older clients read them: flat objects with plain names.

The spec of a job is left empty, because whoever asks through these doors has not signed in.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from graphql_api.rows import JobRow, ProviderRow
from graphql_api.scalars import show_moment
from models.values import show_bytes

Shown = Mapping[str, Any]


def show_provider(row: ProviderRow) -> Shown:
    """Return a provider."""
    return {
        "id": row.id,
        "wallet_address": row.wallet_address,
        "gpu_model": row.gpu_model,
        "vram": row.vram,
        "last_seen": _moment(row.last_seen),
        "is_online": row.is_online,
        "total_jobs_completed": row.total_jobs_completed,
        "reputation_score": row.reputation_score,
        "created_at": show_moment(row.created_at),
        "updated_at": show_moment(row.updated_at),
    }


def show_job(row: JobRow) -> Shown:
    """Return a job."""
    return {
        "id": show_bytes(row.job_id),
        "renter_address": row.renter,
        "provider_address": row.provider,
        "docker_image": "",
        "greenfield_input_url": "",
        "greenfield_output_bucket": "",
        "greenfield_output_name": "",
        "payment_amount": str(row.payment),
        "status": row.status.lower(),
        "created_at": show_moment(row.created_at),
        "updated_at": show_moment(row.updated_at),
        "assigned_at": _moment(row.assigned_at),
        "completed_at": _moment(row.completed_at),
        "failed_at": _moment(row.failed_at),
        "error_message": row.error,
    }


def show_failure(message: str) -> Shown:
    """Return what is said instead of an answer."""
    return {"error": message, "success": False}


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else show_moment(moment)
