"""
The two contracts as typed calls: one method for each function of their ABI that anybody here needs.

A view is asked at a block, the newest unless said otherwise. A transaction returns its hash as soon as it is sent;
`Connection.receipt` waits for it. Text is bytes, as everywhere below the API: on chain it need not be UTF-8.
"""

from dataclasses import dataclass
from typing import Any

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError

from chain.abi import FUNCTIONS_BY_CONTRACT
from chain.connection import At, Connection
from chain.errors import Refused
from chain.wallet import Wallet
from contracts import ContractName, artifact
from models.values import checksum_address, parse_address


@dataclass(frozen=True, slots=True, kw_only=True)
class JobInfo:
    """What `JobManager` holds of a job. What the numbers of `status` mean is up to the deployed contract."""

    job_id: bytes
    renter: bytes
    provider: bytes
    payment_wei: int
    status: int
    created_at: int
    confirmed_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStatistics:
    """What `JobManager` counted."""

    created: int
    completed: int
    escrow_wei: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderInfo:
    """What `NodeReputation` holds of a provider."""

    gpu_model: bytes
    vram_mib: int
    last_seen: int
    is_registered: bool
    job_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """Where a contract is, and the block it is there from."""

    address: bytes
    block: int


class Contract:
    """A contract at an address, whose functions go by name."""

    def __init__(self, name: ContractName, connection: Connection, address: bytes) -> None:
        self.name = name
        self.connection = connection
        self.address = address
        self._functions = FUNCTIONS_BY_CONTRACT[name]

    async def view(self, function: str, *arguments: Any, at: At = "latest") -> Any:
        """Return what a function answers at a block: the value itself where there is one, else all of them."""
        answer = await self.connection.call(self.address, self.call_data(function, *arguments), at=at)
        values = self._read(function, answer)
        return values[0] if len(values) == 1 else values

    async def send(self, wallet: Wallet, function: str, *arguments: Any, value_wei: int = 0) -> bytes:
        """Send a transaction that calls a function, and return its hash."""
        return await wallet.send(to=self.address, data=self.call_data(function, *arguments), value_wei=value_wei)

    def call_data(self, function: str, *arguments: Any) -> bytes:
        """Return a call as the chain takes it."""
        shape = self._functions[function]
        return shape.selector + encode(as_bytes(shape.inputs), arguments)

    def _read(self, function: str, answer: bytes) -> tuple[Any, ...]:
        try:
            return decode(as_bytes(self._functions[function].outputs), answer)
        except DecodingError as error:
            what = f"{function} of {self.name} at {checksum_address(self.address)}"
            where = self.connection.where
            raise Refused(
                f"{where}: {what} answered {len(answer)} bytes that do not fit its ABI; is it there?"
            ) from error


def as_bytes(types: tuple[str, ...]) -> tuple[str, ...]:
    """Return the types with text as bytes: the chain writes both alike, and text may be anything there."""
    return tuple(each.replace("string", "bytes") for each in types)


class JobManager(Contract):
    """Renters' jobs and their escrow, on BSC."""

    def __init__(self, connection: Connection, address: bytes) -> None:
        super().__init__("JobManager", connection, address)

    async def create_job(self, wallet: Wallet, *, job_id: bytes, provider: bytes, payment_wei: int) -> bytes:
        """Open a job for a provider and put its payment in escrow."""
        return await self.send(wallet, "createJob", job_id, provider, value_wei=payment_wei)

    async def confirm_result(self, wallet: Wallet, job_id: bytes) -> bytes:
        """Accept a job's result, as its renter."""
        return await self.send(wallet, "confirmResult", job_id)

    async def claim_reward(self, wallet: Wallet, job_id: bytes) -> bytes:
        """Take a confirmed job's payment, as its provider."""
        return await self.send(wallet, "claimReward", job_id)

    async def job(self, job_id: bytes, *, at: At = "latest") -> JobInfo:
        """Return a job, all zeros where there is none."""
        found, renter, provider, payment, status, created, confirmed = await self.view("getJobInfo", job_id, at=at)
        return JobInfo(
            job_id=found,
            renter=parse_address(renter),
            provider=parse_address(provider),
            payment_wei=payment,
            status=status,
            created_at=created,
            confirmed_at=confirmed,
        )

    async def statistics(self, *, at: At = "latest") -> JobStatistics:
        """Return the contract's own counts."""
        created, completed, escrow = await self.view("getJobStatistics", at=at)
        return JobStatistics(created=created, completed=completed, escrow_wei=escrow)


class NodeReputation(Contract):
    """Providers, their heartbeats and how many jobs they finished, on opBNB."""

    def __init__(self, connection: Connection, address: bytes) -> None:
        super().__init__("NodeReputation", connection, address)

    async def register_node(self, wallet: Wallet, *, gpu_model: bytes, vram_mib: int) -> bytes:
        """Register the wallet's account as a provider, or change what it registered before."""
        return await self.send(wallet, "registerNode", gpu_model, vram_mib)

    async def send_heartbeat(self, wallet: Wallet) -> bytes:
        """Say that the provider is there."""
        return await self.send(wallet, "sendHeartbeat")

    async def increment_jobs(self, wallet: Wallet, provider: bytes) -> bytes:
        """Credit one finished job to a provider, as the owner. The chain cannot tell a repeat from a new job."""
        return await self.send(wallet, "incrementJobs", provider)

    async def transfer_ownership(self, wallet: Wallet, owner: bytes) -> bytes:
        """Make another account the owner."""
        return await self.send(wallet, "transferOwnership", owner)

    async def provider(self, address: bytes, *, at: At = "latest") -> ProviderInfo:
        """Return a provider, empty where it never registered."""
        (gpu_model, vram, last_seen, is_registered), count = await self.view("getProviderInfo", address, at=at)
        return ProviderInfo(
            gpu_model=gpu_model, vram_mib=vram, last_seen=last_seen, is_registered=is_registered, job_count=count
        )

    async def is_provider_active(self, address: bytes, *, at: At = "latest") -> bool:
        """Tell whether the contract takes a provider to be there."""
        return bool(await self.view("isProviderActive", address, at=at))

    async def active_providers(self, *, at: At = "latest") -> int:
        """Return how many providers the contract takes to be there."""
        return int(await self.view("getActiveProvidersCount", at=at))

    async def total_providers(self, *, at: At = "latest") -> int:
        """Return how many providers ever registered."""
        return int(await self.view("totalProviders", at=at))

    async def owner(self, *, at: At = "latest") -> bytes:
        """Return the account that may credit jobs."""
        return parse_address(await self.view("owner", at=at))


async def deploy(wallet: Wallet, name: ContractName) -> Deployed:
    """Create a contract and return where it is."""
    code = bytes.fromhex(artifact(name).bytecode.removeprefix("0x"))
    receipt = await wallet.connection.receipt(await wallet.send(to=None, data=code))
    assert receipt.contract is not None, "a creation that was not reverted has an address"
    return Deployed(address=receipt.contract, block=receipt.block_number)
