"""What a connection may send before it counts as a flood, and which connections must end."""

from dataclasses import replace

from dispatch.connection_values import (
    BURST_BYTES,
    BURST_MESSAGES,
    CONNECTIONS_MAX,
    MESSAGES_PER_SECOND_MAX,
    SUBSCRIPTIONS_MAX,
    Allowance,
    Connected,
    allow,
    allow_all,
    floods,
    login_name,
    read_name,
    surplus,
    unwelcome,
)

ADDRESS, OTHER = b"\x01" * 20, b"\x02" * 20
FRESH = Connected(server="N", number=1, address=ADDRESS, credential="c", age_seconds=0, messages=0, size=0)


def flooding(*seen: Connected, seconds: float = 1.0) -> bool:
    """Say whether a connection, seen again and again, floods in the end."""
    allowance = None
    for each in seen:
        allowance = allow(allowance, [each], seconds=seconds)
    assert allowance is not None
    return bool(floods([seen[-1]], {ADDRESS: allowance}))


def test_a_burst_is_no_flood_and_one_more_is() -> None:
    assert not flooding(replace(FRESH, messages=BURST_MESSAGES))
    assert flooding(replace(FRESH, messages=BURST_MESSAGES + 1))
    assert flooding(replace(FRESH, size=BURST_BYTES + 1))
    assert flooding(replace(FRESH, subscriptions=SUBSCRIPTIONS_MAX + 1))


def test_what_is_sent_slowly_is_no_flood_however_much_it_is() -> None:
    """Also of a connection that is older than our memory."""
    pace = int(MESSAGES_PER_SECOND_MAX)

    assert not flooding(*(replace(FRESH, messages=pace * second) for second in range(100)))
    assert not flooding(replace(FRESH, messages=pace * 3_600, age_seconds=3_600))
    assert flooding(*(replace(FRESH, messages=2 * pace * second) for second in range(100)))


def test_quiet_does_not_save_up_for_more_than_a_burst() -> None:
    quiet = [replace(FRESH, age_seconds=second) for second in (0, 10_000)]

    assert flooding(*quiet, replace(FRESH, messages=BURST_MESSAGES + 500))


def test_many_connections_may_send_no_more_than_one() -> None:
    """Each below what is allowed, all of them above it; nor does it help to come anew for each burst."""
    allowances: dict[bytes, Allowance] = {}
    for second in range(20):
        pace = int(MESSAGES_PER_SECOND_MAX) - 1
        many = [replace(FRESH, number=number, messages=pace * second, age_seconds=second) for number in range(16)]
        allowances = allow_all(allowances, many, seconds=1)
    assert list(floods(many, allowances)) == [ADDRESS]

    allowances = {}
    for number in range(20):
        one = [replace(FRESH, number=number, messages=BURST_MESSAGES)]
        allowances = allow_all(allow_all(allowances, one, seconds=1), [], seconds=1)
        one = [replace(FRESH, number=number + 100, messages=BURST_MESSAGES)]
        allowances = allow_all(allowances, one, seconds=1)
    assert list(floods(one, allowances)) == [ADDRESS]


def test_what_was_not_seen_before_is_not_held_against_it() -> None:
    """A server left an answer out, and its old connections are there again."""
    old = replace(FRESH, number=2, messages=int(MESSAGES_PER_SECOND_MAX) * 3_600, age_seconds=3_600)
    allowances = allow_all(allow_all({}, [FRESH], seconds=2), [FRESH, old], seconds=2)

    assert floods([FRESH, old], allowances) == {}


def test_who_has_gone_is_forgotten_once_it_owes_nothing() -> None:
    spent = allow_all({}, [replace(FRESH, messages=300)], seconds=1)

    assert list(gone := allow_all(spent, [], seconds=1)) == [ADDRESS]
    assert allow_all(gone, [], seconds=1) == {}


def test_a_name_leads_back_to_provider_and_credential() -> None:
    assert read_name(login_name(ADDRESS, "ab12")) == (ADDRESS, "ab12")
    assert read_name("lamda") is None


def test_the_oldest_connections_of_a_provider_stay() -> None:
    """Whichever of several servers they are on."""
    many = [
        replace(FRESH, server="NM"[number % 2], number=number, age_seconds=100 - number)
        for number in range(CONNECTIONS_MAX + 1)
    ]

    assert surplus([*reversed(many), replace(FRESH, address=OTHER)]) == [many[-1]]


def test_ended_credentials_and_floods_are_unwelcome() -> None:
    ended, flooder, welcome = (
        replace(FRESH, credential="ended"),
        replace(FRESH, address=OTHER),
        replace(FRESH, number=3),
    )

    assert [ended, flooder] == unwelcome([ended, flooder, welcome], ended={"ended"}, flooding={OTHER})
