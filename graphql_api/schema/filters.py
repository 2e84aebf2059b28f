"""
Filters and orders as clients write them, turned into criteria and orders as the rest of the API uses them.

A condition that is left out or null asks nothing. All given conditions must hold; an empty list is met by nothing.
"""

from datetime import datetime
from enum import Enum
from typing import Any

import strawberry

from graphql_api.criteria import Condition, Criteria, Relation
from graphql_api.errors import BadInput
from graphql_api.orders import JobOrderField, Order, ProviderOrderField, job_order, provider_order
from graphql_api.scalars import Address, Wei
from models.values import EscrowStatus, JobStatus

LIST_MAX = 500
"""Entries a list of a filter may have."""

strawberry.enum(JobStatus)
strawberry.enum(EscrowStatus)
strawberry.enum(JobOrderField)
strawberry.enum(ProviderOrderField)


@strawberry.enum
class Direction(Enum):
    """Smallest or largest first."""

    ASC = "ASC"
    DESC = "DESC"


@strawberry.input
class JobFilter:
    """Which jobs; amounts are limits that still count, times are strictly after and before."""

    status: JobStatus | None = None
    status_in: list[JobStatus] | None = None
    escrow: EscrowStatus | None = None
    renter: Address | None = None
    provider: Address | None = None
    min_payment: Wei | None = None
    max_payment: Wei | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None


@strawberry.input
class ProviderFilter:
    """Which providers; a GPU model is matched by its whole name, numbers are limits that still count."""

    is_online: bool | None = None
    gpu_model: str | None = None
    gpu_model_in: list[str] | None = None
    min_vram_mib: int | None = None
    max_vram_mib: int | None = None
    min_reputation: int | None = None
    address_in: list[Address] | None = None


@strawberry.input
class JobOrder:
    """An order of jobs."""

    field: JobOrderField
    direction: Direction = Direction.DESC


@strawberry.input
class ProviderOrder:
    """An order of providers."""

    field: ProviderOrderField
    direction: Direction = Direction.DESC


def job_criteria(given: JobFilter | None) -> Criteria:
    """Return what a filter asks of a job. Raises `BadInput`."""
    if given is None:
        return ()
    return _criteria(
        ("status", Relation.IS, given.status),
        ("status", Relation.ANY_OF, _listed(given.status_in, "statusIn")),
        ("escrow", Relation.IS, given.escrow),
        ("renter", Relation.IS, given.renter),
        ("provider", Relation.IS, given.provider),
        ("payment", Relation.AT_LEAST, given.min_payment),
        ("payment", Relation.AT_MOST, given.max_payment),
        ("created_at", Relation.AFTER, given.created_after),
        ("created_at", Relation.BEFORE, given.created_before),
    )


def provider_criteria(given: ProviderFilter | None) -> Criteria:
    """Return what a filter asks of a provider. Raises `BadInput`."""
    if given is None:
        return ()
    return _criteria(
        ("is_online", Relation.IS, given.is_online),
        ("gpu_model", Relation.IS, None if given.gpu_model is None else readable(given.gpu_model, "gpuModel")),
        ("gpu_model", Relation.ANY_OF, _gpu_models(given.gpu_model_in)),
        ("vram", Relation.AT_LEAST, given.min_vram_mib),
        ("vram", Relation.AT_MOST, given.max_vram_mib),
        ("reputation_score", Relation.AT_LEAST, given.min_reputation),
        ("wallet_address", Relation.ANY_OF, _listed(given.address_in, "addressIn")),
    )


def order_of_jobs(given: JobOrder | None) -> Order:
    """Return the order to list jobs in; newest first unless asked otherwise."""
    return job_order() if given is None else job_order(given.field, descending=given.direction is Direction.DESC)


def order_of_providers(given: ProviderOrder | None) -> Order:
    """Return the order to list providers in; best reputation first unless asked otherwise."""
    if given is None:
        return provider_order()
    return provider_order(given.field, descending=given.direction is Direction.DESC)


def _criteria(*asked: tuple[str, Relation, Any]) -> Criteria:
    return tuple(
        Condition(column=column, relation=relation, value=value)
        for column, relation, value in asked
        if value is not None
    )


def _listed(values: list[Any] | None, name: str) -> tuple[Any, ...] | None:
    if values is None:
        return None
    if len(values) > LIST_MAX:
        raise BadInput(f"{name} must have at most {LIST_MAX} entries, not {len(values)}")
    return tuple(values)


def _gpu_models(names: list[str] | None) -> tuple[str, ...] | None:
    listed = _listed(names, "gpuModelIn")
    return None if listed is None else tuple(readable(name, "gpuModelIn") for name in listed)


def readable(text: str, name: str) -> str:
    """Return a text that Postgres can compare with: it knows no NUL, and UTF-8 no half of a surrogate pair."""
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise BadInput(f"{name}: {text!r} holds characters that no name has")
    return text
