"""
Decide what a message from an agent says: a `Report`, or `Unreadable`.

Three shapes are read. Our own subject vouches for its sender, because nobody else may publish there; the two older
ones are shared, so that a sender they name is a claim and no more:

    agents.<EIP-55>.status   {jobId, token, status: processing|completed|failed, message?, outputUrl?}
    jobs.status.updates      {jobId, token, status: success|failed, message, outputUrl?}
    agent.status             {agent_address, job_id, token, status: processing|completed|failed, output_cid?}

Texts are made fit to be stored and shown; whether the report is believed is `judge`'s question.
"""

import json
from typing import Any

from dispatch.job_values import Report, Said
from models.values import NotAnAddress, checksum_address, parse_address, parse_bytes32

PAYLOAD_MAX = 64 * 1024
MESSAGE_MAX = 2_000
URL_MAX = 2_048

WORDS = {
    "processing": Said.PROCESSING,
    "completed": Said.COMPLETED,
    "success": Said.COMPLETED,
    "failed": Said.FAILED,
}


class Unreadable(ValueError):
    """The message is no report."""


def decode(subject: str, payload: bytes) -> Report:
    """Return the report in a message of at most `PAYLOAD_MAX` bytes. Raises `Unreadable`."""
    body = _body(payload)
    word = body.get("status")
    said = WORDS.get(word) if isinstance(word, str) else None
    if said is None:
        raise Unreadable(f"status {word!r:.40} is none of {', '.join(WORDS)}")
    return Report(
        job_id=_job_id(body),
        said=said,
        sender=_sender(subject, body),
        token=_text(body, "token", limit=200),
        message=_text(body, "message", limit=MESSAGE_MAX),
        output_url=_text(body, "outputUrl", "output_url", "output_cid", limit=URL_MAX),
    )


def owner(subject: str) -> bytes | None:
    """Return the provider whose own subject it is, or None for one that agents share."""
    if not subject.startswith("agents."):
        return None
    try:
        return parse_address(subject.split(".")[1])
    except NotAnAddress:
        return None


def sender_of(subject: str) -> str:
    """Return the EIP-55 address that a subject vouches for, or the name of a subject that vouches for nobody."""
    provider = owner(subject)
    if provider is not None:
        return checksum_address(provider)
    return "agents.*.status" if subject.startswith("agents.") else subject


def _body(payload: bytes) -> dict[str, Any]:
    try:
        body = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"not JSON: {type(error).__name__}") from error
    if not isinstance(body, dict):
        raise Unreadable(f"a JSON {type(body).__name__} instead of an object")
    return body


def _job_id(body: dict[str, Any]) -> bytes:
    try:
        return parse_bytes32(_text(body, "jobId", "job_id", limit=80) or "")
    except ValueError as error:
        raise Unreadable(str(error)) from error


def _sender(subject: str, body: dict[str, Any]) -> bytes | None:
    """Return who sent it: the owner of the subject where it has one, else whoever the body names."""
    own = subject.startswith("agents.")
    named = subject.split(".")[1] if own else _text(body, "agent_address", limit=80)
    if named is None:
        return None
    try:
        return parse_address(named)
    except NotAnAddress as error:
        raise Unreadable(str(error)) from error


def _text(body: dict[str, Any], *keys: str, limit: int) -> str | None:
    """Return the first text that stands under one of the keys, in valid UTF-8 and without NUL, or None."""
    found = next((body[key] for key in keys if isinstance(body.get(key), str)), None)
    if found is None:
        return None
    # JSON can spell half a surrogate pair, and Postgres stores neither that nor NUL.
    return str(found)[:limit].encode("utf-8", errors="replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
