"""Whom a change concerns."""

from typing import Any

from graphql_api.criteria import Condition, Relation
from graphql_api.listening import Interest, resync
from graphql_api.live.audience import Audience
from graphql_api.live.subscriber import Subscriber
from models.feed import Entity
from tests.unit.graphql_api.live.outlets import Heap
from tests.unit.graphql_api.test_listening import change

ONLINE = (Condition(column="is_online", relation=Relation.IS, value=True),)
COMES, GOES = {"before": {"is_online": False}, "after": {"is_online": True}}, {"before": {"is_online": True}}


def somebody(audience: Audience, *, since: int = 0, **interest: Any) -> Subscriber:
    """Let somebody join."""
    wanted = Interest(entity=Entity.PROVIDER, **interest)
    subscriber = Subscriber(wanted, viewer=None, outlet=Heap(), since=since)
    audience.join(subscriber)
    return subscriber


def told(audience: Audience, **what: Any) -> dict[bool, set[Subscriber]]:
    """Return whom a change concerns, by whether it is inside their filter."""
    return {each.matches: set(each.subscribers) for each in audience.concerned(change(**what))}


def test_each_is_found_by_what_it_wants_to_hear_of() -> None:
    """By a key, by a filter, or everything."""
    audience = Audience()
    everything, online = somebody(audience), somebody(audience, criteria=ONLINE)
    one, _ = somebody(audience, key="0xA"), somebody(audience, key="0xB")

    assert {True: {everything, one}} == told(audience, after={"is_online": False})
    assert {True: {everything, one, online}} == told(audience, **COMES)


def test_what_leaves_a_filter_is_told_apart() -> None:
    """The same change is inside one filter and no more inside another."""
    audience = Audience()
    everything, online = somebody(audience), somebody(audience, criteria=ONLINE)

    assert {True: {everything}, False: {online}} == told(audience, **GOES, after={"is_online": False})


def test_resync_concerns_everybody() -> None:
    """Whatever the key and the filter."""
    audience = Audience()
    everybody = {somebody(audience, key="0xA"), somebody(audience, criteria=ONLINE)}

    [concerned] = audience.concerned(resync(Entity.PROVIDER, 1))

    assert (True, everybody) == (concerned.matches, set(concerned.subscribers))


def test_what_happened_before_somebody_came_does_not_concern_it() -> None:
    """It asked for what comes from now on."""
    audience = Audience()
    somebody(audience, since=1)
    late = somebody(audience, since=0)

    assert {True: {late}} == told(audience, position=1, after={"is_online": True})


def test_nobody_is_left_when_all_have_left() -> None:
    """Leaving twice is leaving once."""
    audience = Audience()
    one, other = somebody(audience, key="0xA"), somebody(audience, key="0xA")

    audience.leave(one)
    audience.leave(one)
    assert {True: {other}} == told(audience, after={"is_online": True})
    audience.leave(other)

    assert not audience
