"""The committed ABIs are the public interface of the deployed contracts, in full and with nothing beside it."""

from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from eth_utils.crypto import keccak

from contracts import ContractName, artifact

JOB = (
    "(bytes32 jobId,address renter,address provider,uint256 payment,uint8 status,uint256 createdAt,uint256 confirmedAt)"
)

EVENTS: dict[ContractName, dict[str, str]] = {
    "JobManager": {
        "0xd4308b56cdccee295e288de7c02585786d44894362fac012f3053072b5257c6a": (
            "JobCreated(bytes32 indexed jobId,address indexed renter,address indexed provider,uint256 payment)"
        ),
        "0x8cc5b2bb3811643c5e58483c7be26e57579a2dae8738acac65d28bfc9ef9342a": (
            "JobConfirmed(bytes32 indexed jobId,uint256 confirmedAt)"
        ),
        "0x009aa28285e2f2f93f61312a2c375d49710858b14618190f383029b03c6ec3f4": (
            "PaymentClaimed(bytes32 indexed jobId,address indexed provider,uint256 amount)"
        ),
    },
    "NodeReputation": {
        "0x6f3c990a2f665f94ed1db0af40275bedd4d3d025f541e2c77112281fbee63600": (
            "NodeRegistered(address indexed provider,string gpuModel,uint256 vram)"
        ),
        "0x0f1ef8be219b2bb5e8b630cb970a8ac2b44c0f8a3a3db371d8a653e50af49a11": (
            "NodeHeartbeat(address indexed provider,uint256 timestamp)"
        ),
        "0xf0b433b19371a783f4bfbaf7c118079db6c086603cd0c6ba2b6478c955b8b963": (
            "JobCountIncremented(address indexed provider,uint256 newCount)"
        ),
        "0x8be0079c531659141344cd1fd0a4f28419497f9722a3daafe3b4186f6b6457e0": (
            "OwnershipTransferred(address indexed previousOwner,address indexed newOwner)"
        ),
    },
}

FUNCTIONS: dict[ContractName, dict[str, str]] = {
    "JobManager": {
        "0x7706ebc8": "createJob(bytes32 jobId,address providerAddress) payable",
        "0xf30abb59": "confirmResult(bytes32 jobId) nonpayable",
        "0xf5414023": "claimReward(bytes32 jobId) nonpayable",
        "0x6164626a": f"getJobInfo(bytes32 jobId) view returns ({JOB})",
        "0x38ed7cfc": f"jobs(bytes32) view returns {JOB}",
        "0xecee149f": "isJobInStatus(bytes32 jobId,uint8 status) view returns (bool)",
        "0x3b71ef18": "getJobStatistics() view returns (uint256 created,uint256 completed,uint256 escrowAmount)",
        "0xb5b17c67": "getTotalEscrowAmount() view returns (uint256)",
        "0xae916397": "totalEscrowAmount() view returns (uint256)",
        "0x22ef57bd": "totalJobsCreated() view returns (uint256)",
        "0x8ee0decf": "totalJobsCompleted() view returns (uint256)",
    },
    "NodeReputation": {
        "0xf3ef747f": "registerNode(string gpuModel,uint256 vram) nonpayable",
        "0x34f167a9": "sendHeartbeat() nonpayable",
        "0x7ebcd727": "incrementJobs(address provider) nonpayable",
        "0x7583902f": (
            "getProviderInfo(address provider) view returns "
            "((string gpuModel,uint256 vram,uint256 lastSeen,bool isRegistered) providerInfo,uint256 jobCount)"
        ),
        "0x0787bc27": (
            "providers(address) view returns (string gpuModel,uint256 vram,uint256 lastSeen,bool isRegistered)"
        ),
        "0x3c097e3e": "successfulJobsCount(address) view returns (uint256)",
        "0x696724cb": "isProviderActive(address provider) view returns (bool)",
        "0x13c3e4b3": "getActiveProvidersCount() view returns (uint256 count)",
        "0x96616b1f": "totalProviders() view returns (uint256)",
        "0x8da5cb5b": "owner() view returns (address)",
        "0xf2fde38b": "transferOwnership(address newOwner) nonpayable",
        "0x715018a6": "renounceOwnership() nonpayable",
    },
}

ERRORS: dict[ContractName, dict[str, str]] = {
    "JobManager": {"0x3ee5aeb5": "ReentrancyGuardReentrantCall()"},
    "NodeReputation": {
        "0x118cdaa7": "OwnableUnauthorizedAccount(address account)",
        "0x1e4fbdf7": "OwnableInvalidOwner(address owner)",
    },
}

contracts = pytest.mark.parametrize("name", ["JobManager", "NodeReputation"])


def hash_of(entry: Mapping[str, Any]) -> str:
    """Return the hash by which the chain knows an event, a function or an error."""
    return "0x" + keccak(text=f"{entry['name']}({','.join(type_of(each) for each in entry['inputs'])})").hex()


def type_of(parameter: Mapping[str, Any]) -> str:
    """Spell a type without names, as signatures are hashed."""
    return str(parameter["type"])


def spell(parameters: Iterable[Mapping[str, Any]]) -> str:
    """Spell parameters in Solidity, with the names and the components of tuples."""
    return ",".join(spell_one(each) for each in parameters)


def spell_one(parameter: Mapping[str, Any]) -> str:
    """Spell one parameter: type, `indexed` where it is a topic, name where it has one."""
    kind = f"({spell(parameter['components'])})" if parameter["type"] == "tuple" else parameter["type"]
    return " ".join(filter(None, (kind, "indexed" if parameter.get("indexed") else "", parameter["name"])))


def spell_function(entry: Mapping[str, Any]) -> str:
    """Spell a function with what it changes and what it returns."""
    returns = f" returns ({spell(entry['outputs'])})" if entry["outputs"] else ""
    return f"{entry['name']}({spell(entry['inputs'])}) {entry['stateMutability']}{returns}"


def entries(name: ContractName, kind: str) -> list[Mapping[str, Any]]:
    """Return the entries of one kind in a contract's ABI."""
    return [entry for entry in artifact(name).abi if entry["type"] == kind]


@contracts
def test_events_are_those_of_the_deployed_contract(name: ContractName) -> None:
    """Each topic0 has its event, inputs and topics, and there is no other event."""
    spelled = {hash_of(entry): f"{entry['name']}({spell(entry['inputs'])})" for entry in entries(name, "event")}

    assert spelled == EVENTS[name]


@contracts
def test_functions_are_those_of_the_deployed_contract(name: ContractName) -> None:
    """Each selector has its function, mutability and results, and there is no other function."""
    spelled = {hash_of(entry)[:10]: spell_function(entry) for entry in entries(name, "function")}

    assert spelled == FUNCTIONS[name]


@contracts
def test_errors_are_those_of_the_deployed_contract(name: ContractName) -> None:
    """Each error has its selector, and there is no other error."""
    spelled = {hash_of(entry)[:10]: f"{entry['name']}({spell(entry['inputs'])})" for entry in entries(name, "error")}

    assert spelled == ERRORS[name]


@contracts
def test_nothing_else_is_in_the_abi(name: ContractName) -> None:
    """No fallback, no receive, no anonymous event; a constructor, if any, asks for nothing."""
    others = [entry for entry in artifact(name).abi if entry["type"] not in ("event", "function", "error")]

    assert all(entry["type"] == "constructor" and entry["inputs"] == [] for entry in others)
    assert not any(entry["anonymous"] for entry in entries(name, "event"))
