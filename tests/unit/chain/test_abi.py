"""The shapes of events, functions and errors come from the ABI and can be looked up by what the chain carries."""

from chain.abi import (
    ERRORS_BY_SELECTOR,
    EVENTS,
    EVENTS_BY_CONTRACT,
    EVENTS_BY_NAME,
    EVENTS_BY_TOPIC0,
    FUNCTIONS_BY_CONTRACT,
    EventInput,
)


def test_each_contract_has_its_events() -> None:
    """The indexer asks each chain for the events of the one contract there."""
    names = {contract: {shape.name for shape in shapes} for contract, shapes in EVENTS_BY_CONTRACT.items()}

    assert names == {
        "JobManager": {"JobCreated", "JobConfirmed", "PaymentClaimed"},
        "NodeReputation": {"NodeRegistered", "NodeHeartbeat", "JobCountIncremented", "OwnershipTransferred"},
    }


def test_every_event_is_found_by_topic_and_by_name() -> None:
    """The seven events have seven topics and seven names."""
    assert len(EVENTS) == len(EVENTS_BY_TOPIC0) == len(EVENTS_BY_NAME) == 7
    assert all(EVENTS_BY_TOPIC0[shape.topic0] is EVENTS_BY_NAME[shape.name] is shape for shape in EVENTS)


def test_shape_tells_topics_from_data() -> None:
    """A registration has the provider as a topic and the rest in its data."""
    shape = EVENTS_BY_NAME["NodeRegistered"]

    assert shape.topic0 == "0x6f3c990a2f665f94ed1db0af40275bedd4d3d025f541e2c77112281fbee63600"
    assert shape.topic0_bytes.hex() == shape.topic0[2:]
    assert shape.in_topics == (EventInput(name="provider", type="address", indexed=True),)
    assert shape.in_data == (
        EventInput(name="gpuModel", type="string", indexed=False),
        EventInput(name="vram", type="uint256", indexed=False),
    )


def test_function_is_known_by_its_selector_and_spells_out_its_tuples() -> None:
    """A call can be encoded and its answer decoded from the shape alone."""
    shape = FUNCTIONS_BY_CONTRACT["NodeReputation"]["getProviderInfo"]

    assert shape.selector.hex() == "7583902f"
    assert shape.inputs == ("address",)
    assert shape.outputs == ("(string,uint256,uint256,bool)", "uint256")


def test_error_is_known_by_its_selector() -> None:
    """A refusal can be named from the first four bytes of its data."""
    names = {selector.hex(): shape.name for selector, shape in ERRORS_BY_SELECTOR.items()}

    assert names == {
        "3ee5aeb5": "ReentrancyGuardReentrantCall",
        "118cdaa7": "OwnableUnauthorizedAccount",
        "1e4fbdf7": "OwnableInvalidOwner",
    }
