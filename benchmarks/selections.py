"""The queries of the benchmark, as we and as PostGraphile are asked them: the same rows and the same fields."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

OURS = "id jobId renter providerAddress payment status escrow createdAt"
THEIRS = "id jobId renter provider payment status escrow createdAt"
AROUND = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
NEWEST_FIRST = "orderBy: [SOURCE_BLOCK_DESC, SOURCE_LOG_INDEX_DESC]"
STATUSES = ("COMPLETED", "FAILED", "CREATED")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One question in both dialects, with the variables that take turns."""

    name: str
    ours: str
    theirs: str
    our_variables: Sequence[Mapping[str, Any]] = ({},)
    their_variables: Sequence[Mapping[str, Any]] = ({},)

    def our_bodies(self) -> list[bytes]:
        """Return what we are sent."""
        return [_body(self.ours, variables) for variables in self.our_variables]

    def their_bodies(self) -> list[bytes]:
        """Return what PostGraphile is sent."""
        return [_body(self.theirs, variables) for variables in self.their_variables]


def pairs(job_ids: Sequence[bytes]) -> list[Pair]:
    """Return all questions."""
    return [_one(job_ids), *_by_status(), _page("last"), _page("first")]


def _one(job_ids: Sequence[bytes]) -> Pair:
    return Pair(
        name="one job by id",
        ours=f"query ($id: Bytes32!) {{ job(jobId: $id) {{ {OURS} }} }}",
        theirs=f"query ($id: Base64EncodedBinary!) {{ jobByJobId(jobId: $id) {{ {THEIRS} }} }}",
        our_variables=[{"id": "0x" + each.hex()} for each in job_ids],
        their_variables=[{"id": base64.b64encode(each).decode()} for each in job_ids],
    )


def _by_status() -> list[Pair]:
    inside = {
        "50 jobs by status": ("", "", ""),
        "… with pageInfo": ("", "", AROUND),
        "… with provider and dispatch": (
            "provider { address gpuModel isOnline } dispatch { attempts lastSentAt }",
            "providerByProvider { walletAddress gpuModel isOnline } "
            "dispatchesByJobId(first: 1) { nodes { attempt publishedAt } }",
            "",
        ),
    }
    variables = [{"status": status} for status in STATUSES]
    return [
        Pair(
            name=name,
            ours=f"query ($status: JobStatus) {{ jobs(first: 50, filter: {{ status: $status }}) "
            f"{{ nodes {{ {OURS} {ours} }} {around} }} }}",
            theirs=f"query ($status: String) {{ allJobs(first: 50, condition: {{ status: $status }}, {NEWEST_FIRST}) "
            f"{{ nodes {{ {THEIRS} {theirs} }} {around} }} }}",
            our_variables=variables,
            their_variables=variables,
        )
        for name, (ours, theirs, around) in inside.items()
    ]


def _page(end: str) -> Pair:
    return Pair(
        name=f"{end} 50 of all",
        ours=f"{{ jobs({end}: 50) {{ nodes {{ {OURS} }} {AROUND} }} }}",
        theirs=f"{{ allJobs({end}: 50, {NEWEST_FIRST}) {{ nodes {{ {THEIRS} }} {AROUND} }} }}",
    )


def _body(query: str, variables: Mapping[str, Any]) -> bytes:
    return json.dumps({"query": query, "variables": variables}).encode()
