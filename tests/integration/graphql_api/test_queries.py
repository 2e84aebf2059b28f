"""What can be asked once, field by field, of a real server on a real database."""

import base64

import pytest

from models.values import Chain
from tests.integration.graphql_api.client import Client
from tests.integration.graphql_api.market import (
    Market,
    address,
    beat,
    block_hash,
    claimed,
    confirmed,
    created,
    credited,
    job_hex,
    registered,
    shown,
    transaction_hash,
)

ETHER = 10**18


@pytest.fixture(autouse=True)
async def facts(market: Market) -> None:
    """One job that went all the way, one that waits for nobody, and the provider of the first."""
    await market.commit(
        registered("provider", 5, gpu_model="RTX 4090", vram=24564),
        beat("provider", 8),
        credited("provider", 30, 7),
        created(1, 10, payment=3 * ETHER),
        confirmed(1, 20),
        claimed(1, 25, amount=3 * ETHER),
        created(2, 40, log_index=3, provider=None, payment=2**256 - 1),
    )
    await market.checkpoint(Chain.BSC, number=50, finalized=30, head=55)
    await market.checkpoint(Chain.OPBNB, number=60, finalized=4)


async def test_a_job_shows_its_facts(api: Client) -> None:
    """Amounts are exact strings, addresses EIP-55, times UTC, and its source says that it is final."""
    data = await api.ask(
        """query ($id: Bytes32!) { job(jobId: $id) {
            id jobId renter providerAddress payment status escrow hasSpec error
            createdAt assignedAt startedAt completedAt failedAt confirmedAt claimedAt updatedAt
            source { block { chain number hash timestamp final } transactionHash logIndex }
        } }""",
        id=job_hex(1).upper().replace("0X", "0x"),
    )

    assert data["job"] == {
        "id": base64.b64encode(f"Job:{job_hex(1)}".encode()).decode(),
        "jobId": job_hex(1),
        "renter": address("renter"),
        "providerAddress": address("provider"),
        "payment": "3000000000000000000",
        "status": "COMPLETED",
        "escrow": "CLAIMED",
        "hasSpec": False,
        "error": None,
        "createdAt": shown(10),
        "assignedAt": None,
        "startedAt": None,
        "completedAt": shown(20),
        "failedAt": None,
        "confirmedAt": shown(20),
        "claimedAt": shown(25),
        "updatedAt": shown(25),
        "source": {
            "block": {
                "chain": "BSC",
                "number": 10,
                "hash": "0x" + block_hash(10).hex(),
                "timestamp": shown(10),
                "final": True,
            },
            "transactionHash": "0x" + transaction_hash(10, 0).hex(),
            "logIndex": 0,
        },
    }


async def test_a_job_of_nobody_has_no_provider(api: Client) -> None:
    """The zero address is nobody; the largest payment there can be is shown exactly; its block can be undone."""
    data = await api.ask(
        """query ($id: Bytes32!) { job(jobId: $id) {
            providerAddress provider { address } payment source { block { final } } } }""",
        id=job_hex(2),
    )

    assert data["job"] == {
        "providerAddress": None,
        "provider": None,
        "payment": str(2**256 - 1),
        "source": {"block": {"final": False}},
    }


async def test_a_provider_shows_its_facts(api: Client) -> None:
    """Memory in MiB, reputation from the newest credit, what it earned, and its jobs."""
    data = await api.ask(
        """query ($address: Address!) { provider(address: $address) {
            id address gpuModel vramMib isOnline lastSeenAt registeredAt reputationScore totalJobsCompleted
            earned updatedAt source { block { chain number final } logIndex }
            jobs { nodes { jobId } totalCount }
        } }""",
        address=address("provider").lower(),
    )

    assert data["provider"] == {
        "id": base64.b64encode(f"Provider:{address('provider')}".encode()).decode(),
        "address": address("provider"),
        "gpuModel": "RTX 4090",
        "vramMib": 24564,
        "isOnline": True,
        "lastSeenAt": shown(8),
        "registeredAt": shown(5),
        "reputationScore": 7,
        "totalJobsCompleted": 7,
        "earned": "3000000000000000000",
        "updatedAt": shown(30),
        "source": {"block": {"chain": "OPBNB", "number": 5, "final": False}, "logIndex": 0},
        "jobs": {"nodes": [{"jobId": job_hex(1)}], "totalCount": 1},
    }


async def test_who_never_registered_is_shown_with_what_is_known(api: Client, market: Market) -> None:
    """A provider that only beats has no model, no memory and no source."""
    await market.commit(beat("stranger", 9))

    data = await api.ask(
        "query ($a: Address!) { provider(address: $a) { gpuModel vramMib registeredAt source { logIndex } earned } }",
        a=address("stranger"),
    )

    assert data["provider"] == {
        "gpuModel": "",
        "vramMib": 0,
        "registeredAt": None,
        "source": None,
        "earned": "0",
    }


async def test_what_is_not_there_is_null(api: Client) -> None:
    """An unknown key is an answer, not an error."""
    data = await api.ask(
        "query ($id: Bytes32!, $a: Address!) { job(jobId: $id) { jobId } provider(address: $a) { address } }",
        id=job_hex(99),
        a=address("nobody"),
    )

    assert data == {"job": None, "provider": None}


async def test_a_global_id_finds_its_object_again(api: Client) -> None:
    """What `id` gives, `node` takes."""
    given = await api.ask(
        "query ($id: Bytes32!, $a: Address!) { job(jobId: $id) { id } provider(address: $a) { id } }",
        id=job_hex(1),
        a=address("provider"),
    )

    data = await api.ask(
        """query ($job: ID!, $provider: ID!) {
            job: node(id: $job) { __typename id ... on Job { payment } }
            provider: node(id: $provider) { __typename id ... on Provider { gpuModel } }
        }""",
        job=given["job"]["id"],
        provider=given["provider"]["id"],
    )

    assert data == {
        "job": {"__typename": "Job", "id": given["job"]["id"], "payment": "3000000000000000000"},
        "provider": {"__typename": "Provider", "id": given["provider"]["id"], "gpuModel": "RTX 4090"},
    }


async def test_a_global_id_of_something_unknown_is_null(api: Client) -> None:
    """An id in the right form of an object that is not there finds nothing."""
    unknown = base64.b64encode(f"Job:{job_hex(77)}".encode()).decode()

    assert await api.ask("query ($id: ID!) { node(id: $id) { id } }", id=unknown) == {"node": None}


async def test_provider_statistics_are_over_all_rows(api: Client, market: Market) -> None:
    """Totals, those online, and each model."""
    await market.commit(
        registered("second", 6, vram=100), credited("second", 31, 2), registered("third", 7, gpu_model="A100")
    )

    data = await api.ask(
        """{ providerStats { total online totalVramMib onlineVramMib averageReputation totalJobsCompleted
            gpuModels { gpuModel total online vramMib } } }"""
    )

    assert data["providerStats"] == {
        "total": 3,
        "online": 1,
        "totalVramMib": str(24564 + 100 + 24564),
        "onlineVramMib": "24564",
        "averageReputation": 3.0,
        "totalJobsCompleted": "9",
        "gpuModels": [
            {"gpuModel": "RTX 4090", "total": 2, "online": 1, "vramMib": "24664"},
            {"gpuModel": "A100", "total": 1, "online": 0, "vramMib": "24564"},
        ],
    }


async def test_job_statistics_are_over_all_rows(api: Client) -> None:
    """Money is summed exactly, beyond what any machine integer holds, and every status is counted."""
    data = await api.ask("{ jobStats { total escrowed paidOut volume byStatus { status count } } }")

    assert data["jobStats"] == {
        "total": 2,
        "escrowed": str(2**256 - 1),
        "paidOut": str(3 * ETHER),
        "volume": str(2**256 - 1 + 3 * ETHER),
        "byStatus": [
            {"status": "CREATED", "count": 1},
            {"status": "ASSIGNED", "count": 0},
            {"status": "RUNNING", "count": 0},
            {"status": "COMPLETED", "count": 1},
            {"status": "FAILED", "count": 0},
            {"status": "CANCELLED", "count": 0},
        ],
    }


async def test_statistics_of_nothing_are_zero(api: Client, market: Market) -> None:
    """Before the first event there is nothing to divide by."""
    await market.execute("truncate jobs, providers, payment_claimed")

    data = await api.ask(
        """{ jobStats { total volume paidOut }
            providerStats { total totalVramMib averageReputation gpuModels { total } } }"""
    )

    assert data == {
        "jobStats": {"total": 0, "volume": "0", "paidOut": "0"},
        "providerStats": {"total": 0, "totalVramMib": "0", "averageReputation": 0.0, "gpuModels": []},
    }


async def test_chains_say_where_they_stand(api: Client) -> None:
    """Ids, contract, explorer, the newest block in our tables, and how far the head is."""
    data = await api.ask(
        """{ chains { chain chainId contract explorerUrl indexed { number hash timestamp final }
            finalized head lagBlocks ready reason } }"""
    )

    bsc, opbnb = data["chains"]
    assert bsc == {
        "chain": "BSC",
        "chainId": 56,
        "contract": address("contract on bsc"),
        "explorerUrl": "https://bscscan.com",
        "indexed": {"number": 50, "hash": "0x" + block_hash(50).hex(), "timestamp": shown(50), "final": False},
        "finalized": 30,
        "head": 55,
        "lagBlocks": 5,
        "ready": True,
        "reason": None,
    }
    assert (opbnb["chain"], opbnb["chainId"], opbnb["lagBlocks"]) == ("OPBNB", 204, 0)


async def test_a_paused_chain_says_why(api: Client, market: Market) -> None:
    """The reason is the person's who has to look."""
    await market.checkpoint(Chain.BSC, number=50, paused_reason="reorganisation deeper than finality at block 41")

    data = await api.ask("{ chains { chain ready reason } }")

    assert data["chains"][0] == {
        "chain": "BSC",
        "ready": False,
        "reason": "paused: reorganisation deeper than finality at block 41",
    }


async def test_queries_come_by_get_too(api: Client) -> None:
    """A link is a query."""
    async with api.session.get(f"{api.url}/graphql", params={"query": "{ jobStats { total } }"}) as response:
        assert (await response.json())["data"] == {"jobStats": {"total": 2}}


async def test_queries_come_over_the_websocket_too(api: Client) -> None:
    """Some clients send everything over one connection."""
    async with api.watch("{ jobStats { total } }") as watching:
        assert await watching.told() == {"jobStats": {"total": 2}}
        assert (await watching.message())["type"] == "complete"
