"""
The yardstick: what somebody would write in an afternoon with web3.py and SQLModel, in a process of its own.

For each range of blocks it asks for the logs, lets web3 decode them, reads the header of each block for its time, adds
a row for each event and brings the rows of jobs and providers up to date, and commits. It checks that each log is of
the block that it asked for, and nothing else: no reorgs, no second endpoint, no feed.
"""

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy.engine import make_url
from sqlmodel import Session, col, create_engine, select, update
from web3 import HTTPProvider, Web3
from web3.middleware import ExtraDataToPOAMiddleware

from benchmarks.ingest.rows_store import CONTRACT
from benchmarks.ingest.workload import CONTRACTS
from chain.abi import EVENTS_BY_CONTRACT
from contracts import artifact
from indexer.decode import readable
from models import onchain
from models.tables import Job, Provider
from models.values import Chain

RANGE = 500
FACTS: dict[str, type[onchain.Log]] = {
    "JobCreated": onchain.JobCreated,
    "JobConfirmed": onchain.JobConfirmed,
    "PaymentClaimed": onchain.PaymentClaimed,
    "NodeRegistered": onchain.NodeRegistered,
    "NodeHeartbeat": onchain.NodeHeartbeat,
    "JobCountIncremented": onchain.JobCountIncremented,
}
COLUMNS = {
    "JobCreated": ("job_id", "renter", "provider", "payment"),
    "JobConfirmed": ("job_id", "confirmed_at"),
    "PaymentClaimed": ("job_id", "provider", "amount"),
    "NodeRegistered": ("provider", "gpu_model", "vram"),
    "NodeHeartbeat": ("provider", "timestamp"),
    "JobCountIncremented": ("provider", "new_count"),
}


class Follower:
    """Follows one chain."""

    def __init__(self, chain: Chain, url: str, session: Session) -> None:
        self._web3 = Web3(HTTPProvider(url))
        self._web3.middleware_onion.inject(ExtraDataToPOAMiddleware, layer=0)
        abi = artifact("JobManager" if CONTRACT[chain] == "JobManager" else "NodeReputation").abi
        self._contract = self._web3.eth.contract(address=Web3.to_checksum_address(CONTRACTS[chain]), abi=abi)
        shapes = EVENTS_BY_CONTRACT["JobManager" if CONTRACT[chain] == "JobManager" else "NodeReputation"]
        self._events = {shape.topic0: shape.name for shape in shapes if shape.name in FACTS}
        self._session = session

    def follow(self, to_block: int) -> None:
        """Read and commit range by range."""
        for first in range(1, to_block + 1, RANGE):
            for name, arguments, where in self._read(first, min(to_block, first + RANGE - 1)):
                self._add_fact(name, arguments, where)
                if "job_id" in COLUMNS[name]:
                    self._update_job(name, arguments, where)
                else:
                    self._update_provider(name, arguments, where)
            self._session.commit()

    def _read(self, first: int, last: int) -> Iterator[tuple[str, list[Any], dict[str, Any]]]:
        times: dict[int, datetime] = {}
        logs = self._web3.eth.get_logs(
            {"address": self._contract.address, "topics": [list(self._events)], "fromBlock": first, "toBlock": last}
        )
        for log in logs:
            number = log["blockNumber"]
            if number not in times:
                block = self._web3.eth.get_block(number)
                assert block["hash"] == log["blockHash"]
                times[number] = datetime.fromtimestamp(block["timestamp"], UTC)
            name = self._events[log["topics"][0].to_0x_hex()]
            event = self._contract.events[name]().process_log(log)
            where = {
                "block_number": number,
                "log_index": log["logIndex"],
                "block_hash": bytes(log["blockHash"]),
                "block_time": times[number],
                "transaction_hash": bytes(log["transactionHash"]),
            }
            yield name, list(event["args"].values()), where

    def _add_fact(self, name: str, arguments: list[Any], where: dict[str, Any]) -> None:
        values = dict(zip(COLUMNS[name], map(_stored, arguments), strict=True))
        if name == "NodeRegistered":
            values["gpu_model"] = arguments[1].encode()
            values["gpu_model_text"] = readable(values["gpu_model"])
        self._session.add(FACTS[name](**where, **values))

    def _update_job(self, name: str, arguments: list[Any], where: dict[str, Any]) -> None:
        at = where["block_time"]
        job = self._session.get(Job, bytes(arguments[0]))
        if name == "JobCreated":
            if job is None:
                self._session.add(_created(arguments, where))
            return
        assert job is not None
        job.updated_at = at
        job.status = "COMPLETED"
        job.completed_at = job.completed_at or at
        if name == "JobConfirmed":
            job.escrow, job.confirmed_at = "CONFIRMED", at
        else:
            job.escrow, job.claimed_at = "CLAIMED", at

    def _update_provider(self, name: str, arguments: list[Any], where: dict[str, Any]) -> None:
        at = where["block_time"]
        provider = self._session.exec(select(Provider).where(Provider.wallet_address == arguments[0])).first()
        if provider is None:
            provider = Provider(wallet_address=arguments[0], gpu_model="", vram=0, is_online=False,
                                total_jobs_completed=0, reputation_score=0, created_at=at, updated_at=at)  # fmt: skip
            self._session.add(provider)
        provider.updated_at = at
        match name:
            case "NodeRegistered":
                provider.gpu_model, provider.vram = readable(arguments[1].encode()), arguments[2]
                provider.registered_at = provider.registered_at or at
                provider.source_block, provider.source_hash = where["block_number"], where["block_hash"]
                provider.source_time, provider.source_transaction = at, where["transaction_hash"]
                provider.source_log_index = where["log_index"]
            case "NodeHeartbeat":
                provider.last_seen = at
            case _:
                provider.total_jobs_completed = provider.reputation_score = arguments[1]


def _created(arguments: list[Any], where: dict[str, Any]) -> Job:
    return Job(
        job_id=bytes(arguments[0]),
        renter=arguments[1],
        provider=arguments[2],
        payment=Decimal(arguments[3]),
        status="CREATED",
        escrow="HELD",
        has_spec=False,
        created_at=where["block_time"],
        updated_at=where["block_time"],
        source_block=where["block_number"],
        source_hash=where["block_hash"],
        source_transaction=where["transaction_hash"],
        source_log_index=where["log_index"],
    )


def _stored(value: Any) -> Any:
    if isinstance(value, str) and value.startswith("0x"):
        return bytes.fromhex(value[2:])
    return Decimal(value) if isinstance(value, int) else value


def main() -> None:
    """Follow both chains as ordered, one after the other, and say at last who is online."""
    order = json.loads(sys.argv[1])
    engine = create_engine(make_url(order["database_url"]).set(drivername="postgresql+psycopg"))
    for name, url in order["urls"].items():
        with Session(engine) as session:
            Follower(Chain(name), url, session).follow(order["to_block"])
            since = datetime.fromisoformat(order["online_until"]) - timedelta(seconds=720)
            session.exec(update(Provider).where(col(Provider.last_seen) >= since).values(is_online=True))
            session.commit()


if __name__ == "__main__":
    main()
