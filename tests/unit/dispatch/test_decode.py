"""What a message from an agent says, in each of its shapes."""

import json
from typing import Any

import pytest

from dispatch.decode import MESSAGE_MAX, Unreadable, decode, owner
from dispatch.job_values import Report, Said
from models.values import parse_address

ADDRESS = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
OTHER = "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"
OWN = f"agents.{ADDRESS}.status"
JOB = "0x" + "ab" * 32


def report(said: Said = Said.COMPLETED, **fields: Any) -> Report:
    """Return a report on the one job."""
    return Report(**{"job_id": b"\xab" * 32, "said": said, "sender": None, "token": "t", **fields})


def read(subject: str, **body: object) -> Report:
    """Return the report in an object that was sent as JSON."""
    return decode(subject, json.dumps(body).encode())


def test_the_own_subject_names_the_sender() -> None:
    """Whatever the body says of that."""
    seen = read(OWN, jobId=JOB, token="t", status="completed", outputUrl="gnfd://x", agent_address=OTHER)

    assert seen == report(sender=parse_address(ADDRESS), output_url="gnfd://x")


def test_the_dialect_of_status_updates_names_nobody() -> None:
    seen = read("jobs.status.updates", jobId=JOB, status="success", message="done", timestamp=1767225600, token="t")

    assert seen == report(message="done")


def test_the_dialect_of_agent_status_claims_a_sender() -> None:
    body = {"agent_address": ADDRESS, "job_id": JOB[2:].upper(), "status": "processing", "output_cid": "bafy"}

    seen = read("agent.status", **body, timestamp="2026-01-01T00:00:00Z")

    assert seen == report(Said.PROCESSING, sender=parse_address(ADDRESS), token=None, output_url="bafy")


def test_failed_is_the_same_word_everywhere() -> None:
    assert {Said.FAILED} == {read(subject, jobId=JOB, status="failed").said for subject in (OWN, "agent.status")}


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff\xfe",
        b"[" * 60_000,
        b"null",
        b'"completed"',
        b"{}",
        b'{"status": "completed"}',
        b'{"status": "done", "jobId": "0x' + b"ab" * 32 + b'"}',
        b'{"status": ["completed"], "jobId": "0x' + b"ab" * 32 + b'"}',
        b'{"status": "completed", "jobId": 7}',
        b'{"status": "completed", "jobId": "0xab"}',
        b'{"status": "completed", "agent_address": "me", "jobId": "0x' + b"ab" * 32 + b'"}',
        b'{"stream":"REPORTS", "seq":1}',
    ],
)
def test_garbage_is_unreadable(payload: bytes) -> None:
    """Whatever it is made of: it never raises anything else."""
    with pytest.raises(Unreadable):
        decode("agent.status", payload)


def test_a_subject_that_is_no_address_is_unreadable() -> None:
    with pytest.raises(Unreadable):
        read("agents.somebody.status", jobId=JOB, status="completed")


def test_texts_are_made_fit_for_postgres() -> None:
    """NUL, halves of surrogate pairs and endless texts are legal JSON."""
    seen = decode(OWN, json.dumps({"jobId": JOB, "status": "failed", "message": "a\0b\ud800" + "c" * 9_999}).encode())

    assert seen.message is not None
    assert seen.message.startswith("a�b?c")
    assert len(seen.message) == MESSAGE_MAX


def test_texts_of_another_type_count_as_absent() -> None:
    seen = read(OWN, jobId=JOB, status="failed", token=7, message=["no"], outputUrl={"no": 1})

    assert (seen.token, seen.message, seen.output_url) == (None, None, None)


def test_only_an_own_subject_has_an_owner() -> None:
    owners = [owner(subject) for subject in (OWN, "agents.nobody.status", "agent.status", "jobs.status.updates")]

    assert [parse_address(ADDRESS), None, None, None] == owners
