"""Questions of older clients: what is read, what is not asked, and what is refused."""

import base64
import json
from typing import Any

import pytest

from graphql_api.errors import BadInput
from graphql_api.questions import MESSAGE_MAX, OFFSET_MAX, jobs_asked, providers_asked, read_message
from models.values import checksum_address

ADDRESS = checksum_address(bytes(range(20)))
GIVEN = {"min_vram": 24000, "gpu_model": "RTX 4090"}


def asked(given: dict[str, Any], *, jobs: bool = False) -> dict[str, Any]:
    """Return the values compared with, by column and relation."""
    question = jobs_asked(given) if jobs else providers_asked(given)
    return {f"{each.column} {each.relation}": each.value for each in question.criteria}


@pytest.mark.parametrize(
    "payload",
    [
        json.dumps(GIVEN).encode(),
        json.dumps(base64.b64encode(json.dumps(GIVEN).encode()).decode()).encode(),
        b"  " + json.dumps(GIVEN, indent=2).encode() + b"\n",
    ],
)
def test_a_question_comes_plain_or_in_base64(payload: bytes) -> None:
    assert read_message(payload) == GIVEN


@pytest.mark.parametrize("payload", [b"", b" \n", b"{}", b'"e30="'])
def test_nothing_asks_for_the_first_hundred(payload: bytes) -> None:
    """Online providers, or any jobs."""
    given = read_message(payload)

    assert asked(dict(given)) == {"is_online =": True}
    assert asked(dict(given), jobs=True) == {}
    assert (jobs_asked(given).limit, jobs_asked(given).offset) == (100, 0)


@pytest.mark.parametrize(
    "payload",
    [
        b"nodes",
        b"\xff\xfe",
        b"[]",
        b"null",
        b"7",
        b'"nodes"',
        b'"e30"',
        b'"W10="',
        b"[" * 60_000,
        b'"' + b"a" * MESSAGE_MAX + b'"',
    ],
)
def test_what_is_no_question_is_refused(payload: bytes) -> None:
    with pytest.raises(BadInput, match=r"^the question "):
        read_message(payload)


def test_what_providers_are_asked_for() -> None:
    given = {**GIVEN, "min_reputation_score": "3", "unknown": [1]}

    assert asked(given) == {
        "is_online =": True,
        "vram >=": 24000,
        "gpu_model =": "RTX 4090",
        "reputation_score >=": 3,
    }


def test_what_jobs_are_asked_for() -> None:
    """Addresses in any case, statuses too."""
    given = {"renter_address": ADDRESS.lower(), "provider_address": ADDRESS, "status": "running"}

    assert asked(given, jobs=True) == {"renter =": ADDRESS, "provider =": ADDRESS, "status =": "RUNNING"}


def test_what_is_null_empty_or_zero_is_not_asked() -> None:
    """Clients that send every field there is mean the same as those that send none."""
    empty = {"min_vram": 0, "gpu_model": "", "min_reputation_score": None, "limit": 0, "offset": 0}

    assert providers_asked(empty) == providers_asked({})
    assert jobs_asked({"renter_address": "", "status": None}) == jobs_asked({})


def test_a_limit_is_at_most_five_hundred() -> None:
    assert [jobs_asked({"limit": limit}).limit for limit in (1, 500, 501, 10**9)] == [1, 500, 500, 500]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"limit": -1}, "limit: -1 is not a number: expected 0 or more"),
        ({"limit": "many"}, "limit: 'many' is not a number"),
        ({"limit": 1.5}, r"limit: 1\.5 is not a number"),
        ({"limit": True}, "limit: True is not a number"),
        ({"limit": "²"}, "limit: .* is not a number"),
        ({"limit": "9" * 21}, "limit: .* is not a number"),
        ({"offset": OFFSET_MAX + 1}, "offset must be at most"),
        ({"min_vram": {}}, "min_vram: {} is not a number"),
        ({"gpu_model": 7}, "gpu_model: 7 is not a text"),
        ({"gpu_model": "\0"}, "gpu_model: .* is not a text"),
        ({"gpu_model": "\ud800"}, "gpu_model: .* is not a text"),
    ],
)
def test_what_is_wrong_is_named(given: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        providers_asked(given)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"renter_address": "0x12"}, "renter_address: '0x12' is not an address"),
        ({"provider_address": 5}, "provider_address: 5 is not a text"),
        ({"status": "done"}, "status: 'done' is not a status: expected one of created, assigned"),
    ],
)
def test_what_is_wrong_about_jobs_is_named(given: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        jobs_asked(given)
