"""What an older version has written is kept when the schema moves on."""

import asyncio
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config

import migrations
from chain.signer import KeySigner, Transaction
from models.values import Fees

# Anvil's first account, public in its documentation.
SIGNER = KeySigner("0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")


def to(url: str, revision: str) -> None:
    """Bring a database to a revision."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.attributes["url"] = url.replace("postgresql://", "postgresql+psycopg://")
    command.upgrade(config, revision)


async def test_a_signer_finds_the_nonces_of_its_older_transactions(database_url: str) -> None:
    """Who signed, and for how much gas, is read from the signed bytes; nonces follow each other from an adoption on."""
    await asyncio.to_thread(to, database_url, "0003")
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        for job, nonce, fee, failure in ((1, 5, 10, None), (1, 5, 11, None), (2, 6, 10, "reverted"), (2, 7, 10, None)):
            await _sign_as_before(connection, bytes([job]), nonce, fee, failure)
        await asyncio.to_thread(migrations.upgrade, database_url)
        nonces = await connection.execute(
            "select nonce, job_id, after_nonce, after_adoption, failure from credit_nonces order by nonce"
        )
        attempts = await connection.execute("select distinct signer, gas, kind from credit_attempts")

        assert await nonces.fetchall() == [
            (5, b"\1", None, 5, None),
            (6, b"\2", 5, None, "reverted"),
            (7, b"\2", 6, None, None),
        ]
        assert await attempts.fetchall() == [(SIGNER.address, 60_000, "credit")]


async def _sign_as_before(
    connection: psycopg.AsyncConnection, job_id: bytes, nonce: int, fee: int, failure: str | None
) -> None:
    fees = Fees(max_wei=fee, priority_wei=1)
    signed = SIGNER.sign(Transaction(chain_id=204, nonce=nonce, to=bytes(20), data=b"", gas=60_000, fees=fees))
    await connection.execute(
        "insert into credits (job_id, provider, decided_at, adopted) values (%s, '', now(), false) "
        "on conflict do nothing",
        (job_id,),
    )
    await connection.execute(
        """
        insert into credit_attempts (
            job_id, nonce, transaction_hash, signed, max_fee_per_gas, max_priority_fee_per_gas, signed_at, failed_at,
            failure
        ) values (%s, %s, %s, %s, %s, 1, now(), case when %s::text is not null then now() end, %s)
        """,
        (job_id, nonce, signed.hash, signed.raw, fee, failure, failure),
    )
