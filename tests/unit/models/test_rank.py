"""Which provider suits a renter best, and why: tables of cases."""

from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rank import WEIGHTS, Candidate, Needs, Record, Uptime, at_least, fits, rank

GOOD = Candidate(
    address="0x5",
    gpu_model="RTX 4090",
    vram_mib=24564,
    reputation=50,
    record=Record(days=30, done=96, ended=100, waiting=2),
    uptime=Uptime(days=30, share=0.992),
)
NEEDS = Needs(gpu_model="RTX 4090", vram_mib=20 * 1024, reputation=10)


def record(done: int, ended: int, waiting: int = 0) -> Record:
    return Record(days=30, done=done, ended=ended, waiting=waiting)


def test_each_share_has_a_reason_for_a_person() -> None:
    (ranked,) = rank([GOOD], NEEDS)

    assert ranked.reasons == [
        "RTX 4090, 24 GiB, 20 needed",
        "reputation 50: 50 jobs confirmed by renters",
        "96 of 100 jobs done in 30 days",
        "2 jobs waiting",
        "online 99.2 % of 30 days",
    ]


def test_a_newcomer_has_reasons_too() -> None:
    newcomer = replace(GOOD, gpu_model="", reputation=1, record=record(0, 0), uptime=None)

    (ranked,) = rank([newcomer], Needs())

    assert ranked.reasons == [
        "unknown model, 24 GiB",
        "reputation 1: 1 job confirmed by renters",
        "no job ended in 30 days",
        "no job waiting",
        "online for the first day",
    ]


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        pytest.param({"record": record(98, 100)}, {"record": record(1, 1)}, id="98 of 100 beats 1 of 1"),
        pytest.param({"record": record(90, 100)}, {"record": record(3, 3)}, id="90 of 100 beats 3 of 3"),
        pytest.param({"record": record(100, 100)}, {"record": record(98, 100)}, id="100 of 100 beats 98 of 100"),
        pytest.param({"record": record(20, 20)}, {"record": record(60, 100)}, id="20 of 20 beats 60 of 100"),
        pytest.param({"record": record(1, 1)}, {"record": record(0, 0)}, id="1 of 1 beats nothing"),
        pytest.param({"record": record(0, 0)}, {"record": record(0, 5)}, id="nothing beats 0 of 5"),
        pytest.param({"record": record(0, 0)}, {"record": record(0, 1)}, id="nothing beats 0 of 1"),
        pytest.param({"vram_mib": 24564}, {"vram_mib": 81559}, id="enough memory beats far too much"),
        pytest.param({"reputation": 50}, {"reputation": 10}, id="more reputation"),
        pytest.param({"record": record(96, 100, 0)}, {"record": record(96, 100, 5)}, id="less to do"),
        pytest.param({"uptime": Uptime(days=30, share=0.99)}, {"uptime": Uptime(days=30, share=0.6)}, id="more online"),
        pytest.param({"uptime": Uptime(days=30, share=0.1)}, {"uptime": None}, id="some time online beats none known"),
        pytest.param({}, {"gpu_model": "RTX 4090 D"}, id="the very model beats one with a longer name"),
        pytest.param(
            {"reputation": 10, "record": record(96, 100, 2)},
            {"reputation": 5_000, "record": record(60, 100, 2)},
            id="what was done lately counts more than a great past",
        ),
        pytest.param({"address": "0x5"}, {"address": "0x6"}, id="equal ones go by address"),
    ],
)
def test_one_goes_before_the_other(better: dict[str, object], worse: dict[str, object]) -> None:
    """In whichever order they come."""
    first = replace(GOOD, **{"address": "0x5", **better})  # type: ignore[arg-type]  # The cases know the fields.
    second = replace(GOOD, **{"address": "0x6", **worse})  # type: ignore[arg-type]  # As above.

    for candidates in permutations([first, second]):
        assert [first.address, second.address] == [ranked.address for ranked in rank(candidates, NEEDS)]


def test_memory_up_to_twice_the_need_is_no_waste() -> None:
    scores = [rank([replace(GOOD, vram_mib=gib * 1024)], NEEDS)[0].score for gib in (20, 24, 40, 80)]

    assert scores[0] == scores[1] == scores[2] > scores[3]


@pytest.mark.parametrize(
    ("needs", "fitting"),
    [
        (Needs(), True),
        (NEEDS, True),
        (Needs(gpu_model="rtx 4090"), True),
        (Needs(gpu_model="4090"), True),
        (Needs(gpu_model="RTX 4090 Ti"), False),
        (Needs(vram_mib=24564), True),
        (Needs(vram_mib=24565), False),
        (Needs(reputation=50), True),
        (Needs(reputation=51), False),
    ],
)
def test_who_lacks_something_is_left_out(needs: Needs, *, fitting: bool) -> None:
    assert fits(GOOD, needs) is fitting
    assert len(rank([GOOD], needs)) == fitting


@pytest.mark.parametrize(
    ("done", "ended", "bound"),
    [(0, 0, 0.0), (0, 1, 0.0), (1, 1, 0.2065), (5, 10, 0.2366), (98, 100, 0.9300), (100, 100, 0.9630)],
)
def test_the_lower_bound_of_what_a_provider_does(done: int, ended: int, bound: float) -> None:
    """As in textbooks."""
    assert bound == pytest.approx(at_least(done, ended), abs=1e-4)


CANDIDATES = st.builds(
    Candidate,
    address=st.integers(0, 5).map(str),
    gpu_model=st.sampled_from(["", "A100", "RTX 4090", "rtx 4090 D"]),
    vram_mib=st.integers(0, 2**31 - 1),
    reputation=st.integers(0, 2**31 - 1),
    record=st.integers(0, 200).flatmap(
        lambda ended: st.builds(
            Record, days=st.just(30), done=st.integers(0, ended), ended=st.just(ended), waiting=st.integers(0, 100)
        )
    ),
    uptime=st.none() | st.builds(Uptime, days=st.integers(1, 30), share=st.floats(0, 1)),
)
NEEDED = st.builds(
    Needs,
    gpu_model=st.none() | st.sampled_from(["", "A100", "RTX 4090"]),
    vram_mib=st.integers(0, 100_000),
    reputation=st.integers(0, 100),
)


@given(st.lists(CANDIDATES, max_size=6, unique_by=lambda candidate: candidate.address), NEEDED)
def test_whatever_comes_is_ranked_between_0_and_1_in_one_order(candidates: list[Candidate], needs: Needs) -> None:
    ranked = rank(candidates, needs)

    assert all(0 <= each.score <= 1 for each in ranked)
    assert ranked == sorted(ranked, key=lambda each: -each.score)
    assert ranked == rank(candidates[::-1], needs)


def test_the_weights_add_up() -> None:
    assert sum(WEIGHTS.values()) == pytest.approx(1.0)
