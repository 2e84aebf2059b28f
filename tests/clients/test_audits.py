"""GraphQL over HTTP, by the rules of its specification: the audits of npm's graphql-http."""

import json
from typing import Any

import pytest

from tests.clients import programs
from tests.integration.graphql_api.client import Client

AUDITS = 61


@pytest.fixture
async def audits(api: Client) -> list[dict[str, Any]]:
    """How each audit went on a real server."""
    program = await programs.start("audit.mjs", f"{api.url}/graphql")
    printed, _ = await program.communicate()
    return [json.loads(line) for line in printed.splitlines()]


async def test_every_audit_passes(audits: list[dict[str, Any]]) -> None:
    """What must be, what should be and what may be."""
    assert [each for each in audits if each["status"] != "ok"] == []
    assert len(audits) == AUDITS
