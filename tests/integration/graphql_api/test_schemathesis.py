"""Schemathesis, which makes requests of a document's own words, finds nothing that breaks us or belies the document."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import structlog.testing

from models.values import Chain
from runtime.embedded_postgres import EmbeddedPostgres
from tests.architecture.source import ROOT
from tests.integration.graphql_api.client import Client
from tests.integration.graphql_api.conftest import copied, serving
from tests.integration.graphql_api.market import Market
from tests.integration.graphql_api.stock import five_providers, seven_jobs

HOOKS = "tests.integration.graphql_api.schemathesis_hooks"
PROGRAM = Path(sys.executable).with_name("schemathesis")
TRUE_TO_THE_DOCUMENT = [
    *("not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance"),
]


@pytest.fixture
async def api(postgres: EmbeddedPostgres, template: str) -> AsyncIterator[Client]:
    """An API that is ready and stays so."""
    async with copied(postgres, template) as url:
        market = Market(url)
        await market.commit(*seven_jobs(), *five_providers())
        for chain in Chain:
            await market.checkpoint(chain, number=100)
        async with serving(url, API_READY_IDLE_SECONDS_MAX=3600) as client:
            yield client


async def _check(place: str, folder: Path, *options: str) -> None:
    """Let it make its requests, the same each time, and fail with what it found."""
    program = await asyncio.create_subprocess_exec(
        *(str(PROGRAM), "run", place, "--seed", "1", "--no-color", *options),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=folder,  # What it found is remembered there, and tried first the next time.
        env={**os.environ, "SCHEMATHESIS_HOOKS": HOOKS, "PYTHONPATH": str(ROOT)},
    )
    printed, _ = await program.communicate()
    if program.returncode:
        pytest.fail(printed.decode(), pytrace=False)


@pytest.mark.long
@pytest.mark.timeout(900)
async def test_rest_is_what_its_document_says(api: Client, tmp_path: Path) -> None:
    """Every answer has a status, a type and a shape that are told of."""
    options = ["--checks", ",".join(TRUE_TO_THE_DOCUMENT), "--phases", "examples,coverage,fuzzing", "-n", "50"]

    await _check(f"{api.url}/api/v1/openapi.json", tmp_path, *options)


@pytest.mark.long
@pytest.mark.timeout(900)
async def test_no_query_of_the_schema_breaks_graphql(api: Client, tmp_path: Path) -> None:
    """No 5xx, and no error in the log either: an answer may hide one behind its 200."""
    with structlog.testing.capture_logs() as logs:
        await _check(f"{api.url}/graphql", tmp_path, "--checks", "no_trouble_of_ours", "-n", "25")

    assert [entry for entry in logs if entry["log_level"] == "error"] == []
