"""`lamda explain JOB` on a real database: it says where a job stands, why, and by what cause."""

import io

import pytest
from rich.console import Console

from graphql_api.program import open_world
from lamda.explain import explain
from runtime.database import Pool
from runtime.errors import CannotRun
from runtime.settings import AccountSettings, ApiSettings
from tests.integration.indexer.conftest import Indexing, index, pool, world
from tests.integration.lamda.commands import lamda, settings_of
from tests.integration.local_chain import World

__all__ = ["index", "pool", "world"]

JOB = b"j" * 32
SHOWN = "0x" + JOB.hex()


async def test_a_job_is_explained_with_its_causes(world: World, index: Indexing, pool: Pool, database_url: str) -> None:
    """One without a spec, one that nobody sends, and one whose provider is not credited."""
    await world.create_job(JOB)
    await world.bsc.mine(20)
    await index.settle()
    without_spec = await lamda(settings_of(world, database_url), "explain", SHOWN)
    await hand_in(pool)
    unsent = await explained(database_url)
    await world.confirm(JOB)
    await world.bsc.mine(20)
    await index.settle()
    uncredited = await explained(database_url)

    assert without_spec.code == 0, without_spec.complaint
    assert "because   no spec of this job's renter is here" in without_spec.said
    assert "nothing has sent it" in unsent
    assert "→ is `lamda react` running?" in unsent
    assert "only the provider can claim" in uncredited
    assert "no reactor has ever signed for this database" in uncredited


async def test_a_job_that_is_not_there_is_explained_too(index: Indexing, database_url: str) -> None:
    """By how far we have read."""
    await index.settle()

    with pytest.raises(CannotRun, match=r"no JobCreated of it is indexed on BSC\n  bsc is indexed through block"):
        await explained(database_url)


async def explained(database_url: str) -> str:
    """Return what is printed of the job."""
    console = Console(file=io.StringIO(), width=200)
    async with open_world(ApiSettings(), database_url=database_url, accounts=AccountSettings()) as opened:
        with console.capture() as captured:
            await explain(opened, JOB, console)
    return captured.get()


async def hand_in(pool: Pool) -> None:
    """Put the spec of the job where its renter's would be."""
    async with pool.connection() as connection:
        await connection.execute(
            "insert into job_specs (job_id, renter, docker_image, submitted_at) "
            "select job_id, renter, 'alpine', now() from job_created"
        )
        await connection.execute("update jobs set has_spec = true")
