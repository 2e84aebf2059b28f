"""What the page about agents has one type: an operator who lets agents in or not, and a provider who runs one."""

import os
import re
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from devnet.accounts import private_key
from models.values import checksum_address
from tests.architecture.source import ROOT
from tests.effects.marketplace import Marketplace, until
from tests.integration.graphql_api.conftest import serving
from tests.rehearsals.page import Page

pytestmark = [pytest.mark.long, pytest.mark.timeout(400)]

PAGE = "docs/agents.md"
PROVIDER = 8
AGENT = (
    "AGENT_PRIVATE_KEY_FILE=/etc/agent.key API_URL=https://api.example.com "
    "lamda agent --state /var/lib/agent -- ./run-job.sh"
)
DOCKER = 'docker run --rm --init --gpus all --env INPUT_URL -- "$DOCKER_IMAGE" >&2 && echo "$OUTPUT_URL"'
STAND_IN = '#!/bin/sh\necho "$@" >> docker.log\n'


async def test_an_agent_is_run_kept_out_and_let_in_again(marketplace: Marketplace, tmp_path: Path) -> None:
    """Each job is run once; one that came while its agent was kept out is run when it is let in."""
    operator, provider = Page(PAGE, marketplace.settings(), tmp_path), Page(PAGE, {}, tmp_path)
    address = checksum_address(marketplace.market.provider(PROVIDER))
    provider.set(PATH=os.pathsep.join(map(str, [_machine(tmp_path), Path(sys.executable).parent, os.environ["PATH"]])))
    (tmp_path / "agent.key").write_text(private_key(PROVIDER).hex())
    seed, issuer = (await operator.run("lamda agents key")).splitlines()
    assert seed.startswith("NATS_CALLOUT_SEED=SA")
    assert issuer.startswith("NATS_CALLOUT_ISSUER=A")
    await marketplace.reactor()

    async with serving(marketplace.database_url, nats_url=marketplace.nats.url) as api:
        given = {
            "/etc/agent.key": str(tmp_path / "agent.key"),
            "https://api.example.com": api.url,
            "/var/lib/agent": str(tmp_path / "state"),
        }
        first = await _order(marketplace)
        await provider.watch(AGENT, "said=completed attempt=", given)
        assert f"{address}  1 valid credentials until" in await operator.run("lamda agents")
        said = await operator.run(
            "lamda agents revoke ADDRESS --reason …", {"ADDRESS": address, "…": "'stolen machine'"}
        )
        assert "is barred; credentials taken back: 1" in said
        second = await _order(marketplace)
        await provider.watch(AGENT, "stolen machine", given)
        assert "is admitted again" in await operator.run("lamda agents admit ADDRESS", {"ADDRESS": address})
        await provider.watch(AGENT, "said=completed attempt=", given)

    await until(lambda: _is_done(marketplace, first, second), within=30, what="both are reported")
    runs = (tmp_path / "docker.log").read_text().splitlines()
    assert runs == ["run --rm --init --gpus all --env INPUT_URL -- alpine:3"] * 2
    # No engine is at hand: the script was run as it stands, with a stand-in for docker.
    assert set(operator.left) & set(provider.left) == {DOCKER}


def _machine(folder: Path) -> Path:
    """Put the page's script where it is run, and a stand-in for docker into a folder of programs."""
    (script,) = re.findall(r"^    #!/bin/sh\n(?:    .*\n)+", (ROOT / PAGE).read_text(encoding="utf-8"), re.MULTILINE)
    programs = folder / "programs"
    programs.mkdir()
    for path, text in ((folder / "run-job.sh", dedent(script)), (programs / "docker", STAND_IN)):
        path.write_text(text)
        path.chmod(0o700)
    return programs


async def _order(marketplace: Marketplace) -> bytes:
    """Order a job of the provider, with a place for its output."""
    (job,) = await marketplace.open_jobs(provider=PROVIDER)
    return job


async def _is_done(marketplace: Marketplace, *jobs: bytes) -> bool:
    statuses = dict(await marketplace.market.ask("select job_id, status from jobs"))
    return [statuses[job] for job in jobs] == ["COMPLETED"] * len(jobs)
