"""
The two contracts as the rest of the house knows them: ABI and bytecode, read from the committed artifacts.

`src/` holds our Solidity, `compile.mjs` makes `artifacts/` from it. The deployed contracts are known by ABI
alone, so nothing but the local chains may depend on a body or on the bytecode.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

ContractName = Literal["JobManager", "NodeReputation"]
AbiEntry = Mapping[str, Any]

CONTRACT_NAMES: tuple[ContractName, ...] = ("JobManager", "NodeReputation")


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """What the compiler made of one contract, and of which sources."""

    contract_name: ContractName
    compiler: str
    source_hash: str
    abi: tuple[AbiEntry, ...]
    bytecode: str


@cache
def artifact(name: ContractName) -> Artifact:
    """Return the committed artifact of a contract."""
    content = json.loads(files(__name__).joinpath("artifacts", f"{name}.json").read_text("utf-8"))
    return Artifact(
        contract_name=content["contractName"],
        compiler=content["compiler"],
        source_hash=content["sourceHash"],
        abi=tuple(content["abi"]),
        bytecode=content["bytecode"],
    )
