"""`lamda agents`: an operator sees who may connect to NATS, and keeps agents out."""

from models.values import checksum_address
from runtime.database import Pool
from tests.integration.indexer.conftest import pool
from tests.integration.indexer.tables import one
from tests.integration.lamda.commands import lamda

__all__ = ["pool"]

ADDRESS = checksum_address(b"\x05" * 20)


async def test_who_is_revoked_is_listed_with_the_reason_until_admitted(pool: Pool, database_url: str) -> None:
    """Credentials are gone at once, and new ones let nobody in until then."""
    settings = {"DATABASE_URL": database_url}
    insert = "insert into agent_credentials values ('hash', %s, now() + interval '1 hour')"
    async with pool.connection() as connection:
        await connection.execute(insert, (b"\x05" * 20,))
    before = await lamda(settings, "agents")

    revoked = await lamda(settings, "agents", "revoke", ADDRESS.lower(), "--reason", "stolen machine")
    during = await lamda(settings, "agents")
    admitted = await lamda(settings, "agents", "admit", ADDRESS)
    after = await lamda(settings, "agents")

    assert before.said.startswith(f"{ADDRESS}  1 valid credentials until ")
    assert revoked.said == f"{ADDRESS} is barred; credentials taken back: 1\n"
    assert during.said == f"{ADDRESS}  0 valid credentials, barred until admitted: stolen machine\n"
    assert await one(pool, "select count(*) from agent_credentials") == (0,)
    assert (admitted.said, after.said) == (
        f"{ADDRESS} is admitted again\n",
        "no agent has a credential, and none is barred\n",
    )


async def test_what_is_no_address_is_told(pool: Pool, database_url: str) -> None:  # noqa: ARG001
    ended = await lamda({"DATABASE_URL": database_url}, "agents", "revoke", "somebody")

    assert (ended.code, "no such provider" in ended.complaint) == (1, True)
