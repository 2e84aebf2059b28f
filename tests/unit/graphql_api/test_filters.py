"""Filters as clients write them."""

import pytest

from graphql_api.criteria import Condition, Relation
from graphql_api.errors import BadInput
from graphql_api.orders import JobOrderField, job_order, provider_order
from graphql_api.schema.filters import (
    Direction,
    JobFilter,
    JobOrder,
    ProviderFilter,
    job_criteria,
    order_of_jobs,
    order_of_providers,
    provider_criteria,
)
from models.values import JobStatus


def test_no_filter_asks_nothing() -> None:
    """Left out, null and empty are the same."""
    assert job_criteria(None) == job_criteria(JobFilter()) == provider_criteria(ProviderFilter()) == ()


def test_false_and_zero_ask_something() -> None:
    """Only null does not."""
    offline = Condition(column="is_online", relation=Relation.IS, value=False)
    unrated = Condition(column="reputation_score", relation=Relation.AT_LEAST, value=0)

    assert provider_criteria(ProviderFilter(is_online=False, min_reputation=0)) == (offline, unrated)


def test_an_empty_list_is_a_condition() -> None:
    """It is met by nothing, which is not the same as no list."""
    assert job_criteria(JobFilter(status_in=[])) == (Condition(column="status", relation=Relation.ANY_OF, value=()),)


def test_criteria_can_be_compared_and_kept() -> None:
    """Two fields with one filter share one statement."""
    first = job_criteria(JobFilter(status_in=[JobStatus.CREATED, JobStatus.FAILED]))
    second = job_criteria(JobFilter(status_in=[JobStatus.CREATED, JobStatus.FAILED]))

    assert hash(first) == hash(second)


def test_a_list_of_a_filter_ends_somewhere() -> None:
    """A filter of any length would be a query of any cost."""
    with pytest.raises(BadInput, match="gpuModelIn must have at most 500 entries, not 501"):
        provider_criteria(ProviderFilter(gpu_model_in=["A100"] * 501))


@pytest.mark.parametrize("name", ["a\0b", "a\ud800b"])
def test_text_that_postgres_cannot_hold_is_refused(name: str) -> None:
    """No name on chain is shown with it, and the database would call it an error of ours."""
    with pytest.raises(BadInput, match=r"gpuModel: .* holds characters that no name has"):
        provider_criteria(ProviderFilter(gpu_model=name))


def test_orders_fall_from_the_best() -> None:
    """The newest job and the best reputation come first unless asked otherwise."""
    assert (order_of_jobs(None), order_of_providers(None)) == (job_order(), provider_order())


def test_a_direction_is_heard() -> None:
    """Smallest first when asked."""
    chosen = JobOrder(field=JobOrderField.PAYMENT, direction=Direction.ASC)

    assert order_of_jobs(chosen) == job_order(JobOrderField.PAYMENT, descending=False)
