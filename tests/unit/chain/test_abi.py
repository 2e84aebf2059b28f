"""The shapes of events come from the ABI and can be looked up by what a log carries."""

from chain.abi import EVENTS, EVENTS_BY_CONTRACT, EVENTS_BY_NAME, EVENTS_BY_TOPIC0, EventInput


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
