"""REST as older clients know it: shapes, defaults, who sees what, and errors in the same envelope everywhere."""

from typing import Any

import pytest

from graphql_api.questions import LIMIT_MAX
from models.values import Chain
from tests.integration.graphql_api.client import Client
from tests.integration.graphql_api.market import (
    Market,
    address,
    beat,
    confirmed,
    created,
    credited,
    job_hex,
    moment,
    registered,
    shown,
    somebody,
)
from tests.integration.graphql_api.wallets import Wallet

SPEC_FIELDS = ("docker_image", "greenfield_input_url", "greenfield_output_bucket", "greenfield_output_name")


async def get(api: Client, path: str, **parameters: Any) -> tuple[int, Any]:
    """Return the status and the JSON of a route under /api/v1."""
    headers = {} if api.token is None else {"Authorization": f"Bearer {api.token}"}
    async with api.session.get(f"{api.url}/api/v1/{path}", params=parameters, headers=headers) as response:
        assert response.content_type == "application/json"
        return response.status, await response.json()


async def data(api: Client, path: str, **parameters: Any) -> Any:
    """Return the data of a successful answer."""
    status, answer = await get(api, path, **parameters)
    assert (status, answer["success"], answer.keys()) == (200, True, {"success", "data"}), answer
    return answer["data"]


async def error(api: Client, path: str, **parameters: Any) -> tuple[int, str]:
    """Return the status and the message of a refusal."""
    status, answer = await get(api, path, **parameters)
    assert (answer["success"], answer.keys()) == (False, {"success", "error"}), answer
    return status, answer["error"]


async def test_a_provider(api: Client, market: Market) -> None:
    """In a list and by its address, in any case."""
    await market.commit(
        registered("provider", 5, gpu_model="RTX 4090", vram=24564), beat("provider", 8), credited("provider", 30, 7)
    )
    [(row_id,)] = await market.execute("select id from providers")

    expected = {
        "id": row_id,
        "wallet_address": address("provider"),
        "gpu_model": "RTX 4090",
        "vram": 24564,
        "last_seen": shown(8),
        "is_online": True,
        "total_jobs_completed": 7,
        "reputation_score": 7,
        "created_at": shown(5),
        "updated_at": shown(30),
    }
    assert await data(api, "nodes") == {"nodes": [expected], "count": 1}
    assert await data(api, f"nodes/{address('provider').lower()}") == expected


async def test_a_job_tells_what_it_runs_to_those_who_may_know(api: Client, market: Market) -> None:
    """Its renter and its provider; to anybody else the same fields are empty."""
    renter, provider, other = Wallet(1), Wallet(2), Wallet(3)
    await market.commit(created(1, 10, renter=renter.address, provider=provider.address, payment=2**256 - 1))
    await market.commit(created(2, 11, renter=other.address, provider=other.address, payment=1))
    for number, owner in ((1, renter), (2, other)):
        spec = {"docker_image": f"image:{number}", "input_url": "ipfs://in", "submitted_at": moment(12)}
        await market.note("job_specs", number, renter=somebody(owner.address), **spec)

    empty = dict.fromkeys(SPEC_FIELDS, "")
    told = {**empty, "docker_image": "image:1", "greenfield_input_url": "ipfs://in"}
    expected = {
        "id": job_hex(1),
        "renter_address": renter.address,
        "provider_address": provider.address,
        "payment_amount": str(2**256 - 1),
        "status": "created",
        "created_at": shown(10),
        "updated_at": (await data(api, f"jobs/{job_hex(1)}"))["updated_at"],
        "assigned_at": None,
        "completed_at": None,
        "failed_at": None,
        "error_message": None,
    }
    for who, known in ((None, empty), (renter, told), (provider, told), (other, empty)):
        asking = api if who is None else await who.enter(api)
        assert await data(asking, f"jobs/{job_hex(1)}") == {**expected, **known}
        listed = (await data(asking, "jobs"))["jobs"]
        assert listed[1] == {**expected, **known}
        assert listed[0]["docker_image"] == ("image:2" if who is other else "")


async def test_jobs_of_a_renter_and_of_a_provider(full: Client) -> None:
    """Newest first, a page at a time, in any case of the address."""
    anna, p = address("anna").lower(), address("p").upper().replace("0X", "0x")

    assert [job["id"] for job in (await data(full, f"jobs/renter/{anna}"))["jobs"]] == [job_hex(2), job_hex(1)]
    assert await data(full, f"jobs/renter/{anna}", limit=1, offset=1) == await data(
        full, "jobs", renter_address=anna, limit=1, offset=1
    )
    assert [job["id"] for job in (await data(full, f"jobs/provider/{p}"))["jobs"]] == [job_hex(4), job_hex(3)]
    assert await data(full, f"jobs/provider/{address('nobody')}") == {"jobs": [], "count": 0}


async def test_statistics_are_over_all_rows(full: Client) -> None:
    """Of everybody, also those who are not online."""
    assert await data(full, "nodes/stats") == {
        "total_nodes": 5,
        "online_nodes": 3,
        "total_vram": 81920 + 2 * 24564 + 81559,
        "avg_reputation": 18 / 5,
        "gpu_models": ["RTX 4090", "", "A100", "H100"],
        "total_jobs": 18,
        "gpu_model_counts": {"RTX 4090": 2, "": 1, "A100": 1, "H100": 1},
    }
    assert await data(full, "jobs/stats") == {
        "total_jobs": 7,
        "completed_jobs": 2,
        "failed_jobs": 0,
        "running_jobs": 0,
        "pending_jobs": 5,
        "status_breakdown": {
            **{"created": 5, "assigned": 0, "running": 0, "completed": 2, "failed": 0, "cancelled": 0},
        },
    }


async def test_each_job_is_counted_by_where_it_stands(api: Client, market: Market) -> None:
    """What was sent to its agent is pending until the agent has begun."""
    await market.commit(*(created(number, number, payment=1) for number in range(1, 6)))
    await market.commit(confirmed(5, 10))
    for number, status in ((2, None), (3, "processing"), (4, "failed")):
        sent = {"provider": somebody("provider"), "attempt": 1}
        await market.note("dispatches", number, **sent, token="t", decided_at=moment(19), published_at=moment(20))
        if status is not None:
            await market.note("agent_reports", number, **sent, status=status, message="", received_at=moment(21))

    counted = await data(api, "jobs/stats")

    assert counted.pop("status_breakdown") == {
        **{"created": 1, "assigned": 1, "running": 1, "failed": 1, "completed": 1, "cancelled": 0},
    }
    assert counted == {
        **{"total_jobs": 5, "completed_jobs": 1, "failed_jobs": 1, "running_jobs": 1, "pending_jobs": 2},
    }


async def test_pages_have_a_hundred_rows_and_never_more_than_five_hundred(api: Client, market: Market) -> None:
    await market.commit(*(created(number, number, payment=1) for number in range(1, LIMIT_MAX + 20)))

    counts = [(await data(api, "jobs", limit=limit))["count"] for limit in ("", 0, 7, LIMIT_MAX, 100_000)]

    assert counts == [100, 100, 7, LIMIT_MAX, LIMIT_MAX]


@pytest.mark.parametrize(
    ("path", "parameters", "message"),
    [
        ("nodes", {"min_vram": "much"}, "min_vram: 'much' is not a number: expected 0 or more"),
        ("nodes", {"min_reputation_score": "-1"}, "min_reputation_score: '-1' is not a number"),
        ("nodes", {"limit": "1.5"}, "limit: '1.5' is not a number"),
        ("nodes", {"limit": "9" * 20}, "is not a number"),
        ("nodes", {"gpu_model": "a\0b"}, "gpu_model: "),
        ("nodes/somebody", {}, "address: 'somebody' is not an address"),
        ("jobs", {"offset": "1e3"}, "offset: '1e3' is not a number"),
        ("jobs", {"offset": "1000001"}, "offset must be at most 1000000, not 1000001"),
        ("jobs", {"status": "done"}, "status: 'done' is not a status: expected one of created, assigned"),
        ("jobs", {"renter_address": "0x12"}, "renter_address: '0x12' is not an address"),
        ("jobs/renter/0x12", {}, "renter_address: '0x12' is not an address"),
        ("jobs/0x12", {}, "id: '0x12' is not a 32-byte value"),
        ("jobs/provider/0x12", {"limit": "x"}, "limit: 'x' is not a number"),
    ],
)
async def test_what_cannot_be_read_is_refused_by_its_name(
    full: Client, path: str, parameters: dict[str, str], message: str
) -> None:
    status, told = await error(full, path, **parameters)

    assert status == 400
    assert message in told


async def test_what_is_not_there_is_not_found(full: Client) -> None:
    """A provider, a job, or a route."""
    assert await error(full, f"nodes/{address('nobody')}") == (
        404,
        f"no provider {address('nobody')}: opBNB has never seen it",
    )
    assert await error(full, f"jobs/{job_hex(99)}") == (404, f"no job {job_hex(99)}: BSC has never seen it")
    assert await error(full, "elsewhere") == (404, "GET /api/v1/elsewhere: there is nothing here")


async def test_other_parameters_are_passed_over(full: Client) -> None:
    """Some clients add one to get around caches; of one given twice the last counts."""
    assert await data(full, "jobs", limit=2, _="1767225600", renter="0x12") == await data(full, "jobs", limit=2)
    async with full.session.get(f"{full.url}/api/v1/jobs?limit=3&limit=1") as response:
        assert (await response.json())["data"]["count"] == 1


@pytest.mark.parametrize("path", ["/health", "/api/v1/jobs", "/api/v1/nodes/0x12", "/api/v1/openapi.json"])
async def test_other_methods_are_told_which_there_are(full: Client, path: str) -> None:
    """HEAD is GET without the body, OPTIONS says what there is, and the rest is refused."""
    async with full.session.options(full.url + path) as options:
        assert (options.status, options.headers["Allow"]) == (204, "HEAD, GET, OPTIONS")
    async with full.session.get(full.url + path) as got, full.session.head(full.url + path) as head:
        assert (head.status, head.headers["Content-Type"]) == (got.status, got.headers["Content-Type"])
        assert await head.read() == b""
    async with full.session.post(full.url + path) as post:
        assert (post.status, set(post.headers["Allow"].split(", "))) == (405, {"GET", "HEAD", "OPTIONS"})
        assert await post.json() == {"error": f"POST {path}: not a method of this path", "success": False}


async def test_trouble_of_ours_is_told_under_a_reference(api: Client, market: Market) -> None:
    """Whether Postgres does not know a table or we a value; without a word of it."""
    await market.commit(created(1, 1, payment=1))
    await market.execute("alter table jobs alter column created_at type text")
    unknown_value = await error(api, "jobs")
    await market.execute("alter table jobs rename to elsewhere")
    unknown_table = await error(api, "jobs")

    assert unknown_value == (500, "internal error")
    assert (unknown_table[0], unknown_table[1][:34]) == (500, "internal error (the log has it und")


async def test_health_and_readiness_have_no_envelope(api: Client, market: Market) -> None:
    """As supervisors have always read them."""
    await market.checkpoint(Chain.BSC, number=1)
    async with api.session.get(f"{api.url}/ready") as response:
        answer = await response.json()

        assert (response.status, answer["chains"]["bsc"]["ready"]) == (503, True)
