"""
The shapes of what the two contracts emit, take and refuse with, derived from their ABI.

The hash of a signature is how the chain knows it: a log's first topic says which event it is, the first four bytes
of a call which function, those of a refusal which error. Decoding logs is left to `decode`, calling to `contracts`.
"""

from collections.abc import Iterable, Mapping
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


@dataclass(frozen=True, slots=True, kw_only=True)
class CallShape:
    """What a function takes and gives back, or what an error carries, as types that eth_abi reads."""

    name: str
    selector: bytes
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def event_shapes(contract: ContractName) -> tuple[EventShape, ...]:
    """Return the shapes of a contract's events in the order of its ABI."""
    return tuple(event_shape(entry, contract) for entry in artifact(contract).abi if entry["type"] == "event")


def event_shape(entry: AbiEntry, contract: ContractName) -> EventShape:
    """Return the shape of the event that an ABI entry describes."""
    inputs = entry["inputs"]
    return EventShape(
        name=entry["name"],
        contract=contract,
        topic0="0x" + signature_hash(entry).hex(),
        inputs=tuple(EventInput(name=each["name"], type=each["type"], indexed=each["indexed"]) for each in inputs),
    )


def call_shapes(contract: ContractName, kind: str) -> tuple[CallShape, ...]:
    """Return the shapes of a contract's functions or of its errors."""
    return tuple(call_shape(entry) for entry in artifact(contract).abi if entry["type"] == kind)


def call_shape(entry: AbiEntry) -> CallShape:
    """Return the shape of the function or error that an ABI entry describes."""
    return CallShape(
        name=entry["name"],
        selector=signature_hash(entry)[:4],
        inputs=types_of(entry["inputs"]),
        outputs=types_of(entry.get("outputs", ())),
    )


def signature_hash(entry: AbiEntry) -> bytes:
    """Return the hash by which the chain knows an event, a function or an error."""
    return keccak(f"{entry['name']}({','.join(types_of(entry['inputs']))})".encode())


def types_of(parameters: Iterable[AbiEntry]) -> tuple[str, ...]:
    """Return the types of parameters; a tuple is spelled by its components."""
    return tuple(
        f"({','.join(types_of(each['components']))})" if each["type"] == "tuple" else each["type"]
        for each in parameters
    )


EVENTS_BY_CONTRACT: Mapping[ContractName, tuple[EventShape, ...]] = MappingProxyType(
    {contract: event_shapes(contract) for contract in CONTRACT_NAMES}
)
EVENTS: tuple[EventShape, ...] = tuple(shape for shapes in EVENTS_BY_CONTRACT.values() for shape in shapes)
EVENTS_BY_TOPIC0: Mapping[str, EventShape] = MappingProxyType({shape.topic0: shape for shape in EVENTS})
EVENTS_BY_NAME: Mapping[str, EventShape] = MappingProxyType({shape.name: shape for shape in EVENTS})
FUNCTIONS_BY_CONTRACT: Mapping[ContractName, Mapping[str, CallShape]] = MappingProxyType(
    {contract: {shape.name: shape for shape in call_shapes(contract, "function")} for contract in CONTRACT_NAMES}
)
ERRORS_BY_SELECTOR: Mapping[bytes, CallShape] = MappingProxyType(
    {shape.selector: shape for contract in CONTRACT_NAMES for shape in call_shapes(contract, "error")}
)
