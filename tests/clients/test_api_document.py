"""docs/api.md: every query in it is asked, its client is run, and its table of errors is ours."""

import json
import re
from http import HTTPStatus
from pathlib import Path

import pytest

from graphql_api.statuses import STATUSES
from models.feed import ChangeKind, Entity
from runtime.feed import Change
from tests.architecture.source import ROOT
from tests.clients import programs
from tests.integration.graphql_api.client import Client
from tests.integration.graphql_api.market import Market, created, job_hex

TEXT = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
QUERIES = re.findall(r"^### \d+\. (.+?)\n.*?^```graphql\n(.*?)^```(?:\n\n```json\n(.*?)^```)?", TEXT, re.M | re.S)
[CODE] = re.findall(r"^```js\n(.*?)^```", TEXT, re.M | re.S)

WATCH = "subscription ($jobId: Bytes32!) { jobChanges(jobId: $jobId) { kind job { payment } cursor } }"
URL = "http://127.0.0.1:8080/graphql"


def test_there_are_ten_queries() -> None:
    assert len(QUERIES) == 10


@pytest.mark.parametrize(("query", "variables"), [each[1:] for each in QUERIES], ids=[each[0] for each in QUERIES])
async def test_every_query_is_answered(full: Client, query: str, variables: str) -> None:
    """With something, by names that are there; variables are examples, and some are of a market of our tests."""
    answer = await full.ask(query, **json.loads(variables or "{}"))

    assert None not in [value for name, value in answer.items() if name != "me"]


def test_the_table_of_errors_is_complete() -> None:
    """Each code with the status that goes with it."""
    told = dict(re.findall(r"^\| `([A-Z_]+)` \| (\d+) \|", TEXT, re.M))

    assert {code: str(status) for code, status in STATUSES.items()} == told
    assert {HTTPStatus(int(status)) for status in told.values()}


def test_the_client_has_thirty_lines() -> None:
    """One can read it, and take it along."""
    assert len(CODE.splitlines()) <= 30


async def test_the_client_asks_and_watches(api: Client, market: Market, tmp_path: Path) -> None:
    """As it stands in the document, but for the address."""
    assert URL in CODE
    file = tmp_path / "client.mjs"
    file.write_text(CODE.replace(URL, f"{api.url}/graphql"), encoding="utf-8")
    variables = json.dumps({"jobId": job_hex(1)})
    program = await programs.start("document.mjs", str(file), "{ jobs { totalCount } }", WATCH, variables)
    assert program.stdout is not None
    assert program.stdin is not None
    lines = program.stdout

    assert json.loads(await lines.readline()) == {"jobs": {"totalCount": 0}}
    assert json.loads(await lines.readline()).startswith("Cannot query field 'nothing'")
    await programs.heard(lines, lambda: market.tell(Change(entity=Entity.JOB, kind=ChangeKind.RESYNC, key=None)))
    await market.commit(created(1, 10, payment=5))
    while (event := json.loads(await lines.readline()))["jobChanges"]["kind"] == "RESYNC":
        pass
    assert event["jobChanges"]["job"] == {"payment": "5"}
    program.stdin.write(b"stop\n")
    assert json.loads(await lines.readline()) == 1000
    program.stdin.close()
    await program.wait()
