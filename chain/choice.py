"""
Which of a chain's endpoints to ask, by what is known of them.

    to ask       those that do not rest, then those that have rested enough; whoever lags comes last
    in use       neither rests nor lags: its head and finality count
    for a range  holds it final and keeps it, the least busy first; it may lag
"""

from collections.abc import Collection, Sequence

from chain import judge
from chain.endpoint import Endpoint
from chain.errors import HistoryGone, TryAgain
from models.values import BlockRange

Endpoints = Sequence[Endpoint]


def to_ask(endpoints: Endpoints) -> list[Endpoint]:
    """Return whom to ask, one after the other: those that do not rest, then by when their time was over."""
    well = [endpoint for endpoint in endpoints if not endpoint.is_resting]
    rested = [endpoint for endpoint in endpoints if endpoint.is_resting and endpoint.may_be_asked]
    return [*well, *sorted(rested, key=lambda endpoint: endpoint.rests.until if endpoint.rests else 0.0)]


def to_look_at(endpoints: Endpoints) -> list[Endpoint]:
    """Return whom to ask for the head: the same, but for those that lagged at their last look, who come last."""
    used = in_use(endpoints)
    return sorted(
        to_ask(endpoints), key=lambda each: not each.is_resting and each.height is not None and each not in used
    )


def in_use(endpoints: Endpoints) -> list[Endpoint]:
    """Return the endpoints that do not rest, were looked at, and do not lag behind the best of these."""
    seen = [endpoint for endpoint in endpoints if not endpoint.is_resting]
    best = max((endpoint.height for endpoint in seen if endpoint.height is not None), default=0)
    return [each for each in seen if each.height is not None and not judge.lags(each.height, best)]


def for_range(endpoints: Endpoints, blocks: BlockRange, *, besides: Collection[Endpoint] = (), now: float) -> Endpoint:
    """
    Return the least busy endpoint, besides those given, that can answer for these blocks, all final to it.

    Raises `HistoryGone` when nobody keeps blocks that old, `TryAgain` when nobody can answer for them now.
    """
    alone = len(endpoints) == 1
    # The only endpoint is asked while it rests shortly: of many ranges in flight, one may fail.
    asked = [each for each in endpoints if not each.is_resting or (alone and each.may_be_asked)]
    final = [each for each in asked if each.finalized is not None and each.finalized >= blocks.last]
    keeping = [endpoint for endpoint in final if endpoint.history_from <= blocks.first]
    able = [endpoint for endpoint in keeping if endpoint not in besides]
    if able:
        return min(able, key=lambda endpoint: (endpoint.under_way, endpoint.rank))
    if len(final) == len(endpoints) and not keeping:
        names = ", ".join(f"{endpoint.name} from block {endpoint.history_from}" for endpoint in final)
        raise HistoryGone(f"nobody keeps logs of blocks {blocks}, only {names}: add an archive endpoint")
    raise nobody(endpoints, f" about blocks {blocks}", now=now)


def nobody(endpoints: Endpoints, about: str = "", *, now: float) -> TryAgain:
    """Return the error that names every endpoint and why it is not asked."""
    waits = [max(0.0, endpoint.rests.until - now) for endpoint in endpoints if endpoint.rests]
    states = "; ".join(f"{endpoint.name} {_state(endpoint, now)}" for endpoint in endpoints)
    return TryAgain(f"no endpoint can be asked{about} now: {states}", min(waits) if waits else None)


def _state(endpoint: Endpoint, now: float) -> str:
    if endpoint.rests:
        return f"rests for {max(0.0, endpoint.rests.until - now):.1f} s more: {endpoint.rests.reason}"
    if endpoint.height is None:
        return "has not been looked at"
    history = f", keeps no logs before block {endpoint.history_from}" if endpoint.history_from else ""
    return f"is at block {endpoint.height}, final through {endpoint.finalized}{history}"
