"""Agents understand what they are sent, and nothing else; what they say has the published shape."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from devnet.assignments import PROCESSING, Assignment, NotForUs, Outcome, Said, read, report
from models.values import checksum_address

PROVIDER = bytes.fromhex("70997970c51812dc3a010c7d01b50e0d17dc79c8")
JOB = Assignment(
    job_id=bytes([7]) * 32,
    token="t0ken",
    attempt=2,
    docker_image="alpine:3",
    output_url="gnfd://results/7.tar",
    input_url="gnfd://data/7",
    output_bucket="results",
    output_name="7.tar",
)
MESSAGE = {
    "jobId": "0x" + "07" * 32,
    "dockerImage": "alpine:3",
    "greenfieldInputUrl": "gnfd://data/7",
    "greenfieldOutputBucket": "results",
    "greenfieldOutputName": "7.tar",
    "job_id": "0x" + "07" * 32,
    "image_name": "alpine:3",
    "input_path": "gnfd://data/7",
    "output_path": "results/7.tar",
    "provider": checksum_address(PROVIDER),
    "attempt": 2,
    "token": "t0ken",
}
NOW = datetime(2026, 10, 1, tzinfo=UTC)


def test_a_job_is_read() -> None:
    assert read(json.dumps(MESSAGE).encode(), provider=PROVIDER) == JOB


def test_a_job_whose_renter_names_no_place_for_its_output_has_none() -> None:
    """And no report on it tells of one."""
    nowhere = {"greenfieldOutputBucket": "", "greenfieldOutputName": ""}
    job = read(json.dumps(MESSAGE | nowhere).encode(), provider=PROVIDER)

    assert job.output_url == ""
    assert b"outputUrl" not in report(job, Outcome(said=Said.COMPLETED, output_url=job.output_url), at=NOW)


@pytest.mark.parametrize("change", [{"jobId": "0x07"}, {"token": None}, {"provider": "me"}, {"attempt": "two"}])
def test_what_is_no_job_is_not_run(change: dict[str, Any]) -> None:
    with pytest.raises(NotForUs):
        read(json.dumps(MESSAGE | change).encode(), provider=PROVIDER)


@pytest.mark.parametrize("payload", [b"", b"\xff", b"[]", b"null", b"{}"])
def test_garbage_is_not_run(payload: bytes) -> None:
    with pytest.raises(NotForUs):
        read(payload, provider=PROVIDER)


def test_somebody_elses_job_is_not_run() -> None:
    """Though it came to us: whoever may pull a message can aim it at others."""
    with pytest.raises(NotForUs, match="provider"):
        read(json.dumps(MESSAGE).encode(), provider=bytes(19) + b"\1")


def test_a_report_shows_the_token_and_only_what_there_is_to_say() -> None:
    told = json.loads(report(JOB, PROCESSING, at=NOW))

    assert told == {
        "jobId": MESSAGE["jobId"],
        "token": "t0ken",
        "status": "processing",
        "timestamp": int(NOW.timestamp()),
    }


def test_an_outcome_says_where_the_output_is_or_what_went_wrong() -> None:
    completed = report(JOB, Outcome(said=Said.COMPLETED, output_url=JOB.output_url), at=NOW)
    failed = report(JOB, Outcome(said=Said.FAILED, message="no space left"), at=NOW)

    assert json.loads(completed)["outputUrl"] == "gnfd://results/7.tar"
    assert json.loads(failed)["message"] == "no space left"
    assert (json.loads(completed)["status"], json.loads(failed)["status"]) == ("completed", "failed")
