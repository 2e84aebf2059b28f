"""
The shapes of the events that the two contracts emit, derived from their ABI.

An event's first topic is the hash of its signature: it says which event a log is. Decoding the rest is left to
`decode`, calling functions to `contracts`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from eth_hash.auto import keccak

from contracts import CONTRACT_NAMES, AbiEntry, ContractName, artifact


@dataclass(frozen=True, slots=True, kw_only=True)
class EventInput:
    """One argument of an event. An indexed one travels as a topic, the others in the data."""

    name: str
    type: str
    indexed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EventShape:
    """What a log of one event looks like. `topic0` is the lower-case hex text of the wire."""

    name: str
    contract: ContractName
    topic0: str
    inputs: tuple[EventInput, ...]

    @property
    def topic0_bytes(self) -> bytes:
        """Return the first topic as the 32 bytes that blooms are made of."""
        return bytes.fromhex(self.topic0[2:])

    @property
    def in_topics(self) -> tuple[EventInput, ...]:
        """Return the inputs that follow `topic0` as topics."""
        return tuple(each for each in self.inputs if each.indexed)

    @property
    def in_data(self) -> tuple[EventInput, ...]:
        """Return the inputs that are in the data."""
        return tuple(each for each in self.inputs if not each.indexed)


def shapes_in(contract: ContractName) -> tuple[EventShape, ...]:
    """Return the shapes of a contract's events in the order of its ABI."""
    return tuple(shape_of(entry, contract) for entry in artifact(contract).abi if entry["type"] == "event")


def shape_of(entry: AbiEntry, contract: ContractName) -> EventShape:
    """Return the shape that an ABI entry describes."""
    types = ",".join(each["type"] for each in entry["inputs"])
    return EventShape(
        name=entry["name"],
        contract=contract,
        topic0="0x" + keccak(f"{entry['name']}({types})".encode()).hex(),
        inputs=tuple(
            EventInput(name=each["name"], type=each["type"], indexed=each["indexed"]) for each in entry["inputs"]
        ),
    )


EVENTS_BY_CONTRACT: Mapping[ContractName, tuple[EventShape, ...]] = MappingProxyType(
    {contract: shapes_in(contract) for contract in CONTRACT_NAMES}
)
EVENTS: tuple[EventShape, ...] = tuple(shape for shapes in EVENTS_BY_CONTRACT.values() for shape in shapes)
EVENTS_BY_TOPIC0: Mapping[str, EventShape] = MappingProxyType({shape.topic0: shape for shape in EVENTS})
EVENTS_BY_NAME: Mapping[str, EventShape] = MappingProxyType({shape.name: shape for shape in EVENTS})
