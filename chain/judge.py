"""
Decide what follows for an endpoint from how it answered.

    no whole, sensible answer     rests 0.25 s, then twice as long each time, 30 s at most
    says how long to wait         rests so long, 60 s at most: a day off is not for it to give
    says "too often", no number   is asked half as often, and rests for one such pause
    no credit, plan, logs off     rests as long as the error says
    contradicts itself            rests 1 s, and twice as long each time within ten minutes, 60 s at most
    lacks a block, or history     is well; another one may know
    refuses the question          is well

An endpoint that is alone rests for less than a second, unless it said itself how long to wait: there is no other one
to ask meanwhile, and callers have patience of their own. What a request brings back that was asked before the endpoint
went to rest makes nothing worse. Time arrives as an argument.
"""

from dataclasses import replace

from chain.errors import AskLess, Cause, LogsOff, Rest, RpcError, TryAgain
from chain.health_values import Health, Reach, Resting

TROUBLE_SECONDS_FIRST = 0.25
TROUBLE_SECONDS_MAX = 30.0
RETRY_AFTER_SECONDS_MAX = 60.0
DISTRUST_SECONDS_FIRST = 1.0
DISTRUST_SECONDS_MAX = 60.0
DOUBTS_KEPT_SECONDS = 600.0
"""How long an endpoint whose answers contradicted each other is remembered for it: good answers prove little."""

ALONE_SECONDS_MAX = 0.9
SHORT_SECONDS = 1.0
"""A rest shorter than this refuses no question to the only endpoint."""

PAUSE_SECONDS_FIRST = 0.1
PAUSE_SECONDS_MAX = 3.2
PAUSE_SECONDS_MIN = 0.05
"""Pauses between requests: after the first complaint, at most, and so short that it is none."""

LAG_BLOCKS_MAX = 20
"""An endpoint that is farther behind the best of them is not used for head and finality."""

BACKWARDS_SECONDS = 10.0
"""How long an endpoint that says less than it said before is taken to lag; then that is where it is."""

LOGS_MAX = 2_500
"""About how many logs one range should bring; a log takes some 2 kB of memory on its way into the database."""


def judge(
    error: RpcError, health: Health, *, reason: str, asked_at: float, now: float, about_logs: bool = False
) -> Health:
    """Return how the endpoint fares after an error; `reason` is what to say of it."""
    match error:
        case Rest(seconds=seconds):
            return _rest(health, reason, _unasked(health, seconds), now=now, needs_logs=isinstance(error, LogsOff))
        case TryAgain(cause=Cause.BEHIND):
            return health
        case TryAgain(after_seconds=seconds) if seconds:
            return _rest(health, reason, min(RETRY_AFTER_SECONDS_MAX, seconds), now=now)
        case TryAgain(cause=Cause.RATE):
            return _slow_down(health, reason, asked_at=asked_at, now=now)
        case TryAgain():
            return after_trouble(health, reason, asked_at=asked_at, now=now, about_logs=about_logs)
    return health


def after_trouble(health: Health, reason: str, *, asked_at: float, now: float, about_logs: bool = False) -> Health:
    """Return how the endpoint fares after no usable answer came to what was asked at `asked_at`."""
    if health.resting is not None and asked_at < health.resting.until:
        return health
    seconds = min(TROUBLE_SECONDS_MAX, TROUBLE_SECONDS_FIRST * 2 ** min(health.failures, 10))
    failing = replace(health, failures=health.failures + 1, fails_logs=health.fails_logs or about_logs)
    return _rest(failing, reason, _unasked(health, seconds), now=now)


def after_distrust(health: Health, reason: str, *, now: float) -> Health:
    """Return how the endpoint fares after its answers contradicted each other."""
    doubts = health.doubts if now - health.doubted_at < DOUBTS_KEPT_SECONDS else 0
    seconds = min(DISTRUST_SECONDS_MAX, DISTRUST_SECONDS_FIRST * 2 ** min(doubts, 10))
    doubted = replace(health, doubts=doubts + 1, doubted_at=now)
    return _rest(doubted, reason, _unasked(health, seconds), now=now)


def after_success(health: Health, *, asked_at: float, proved_logs: bool) -> Health:
    """Return how the endpoint fares after it answered what was asked at `asked_at`: it rests no more, or still."""
    pause = health.pause_seconds * 0.95
    eased = replace(health, pause_seconds=pause if pause > PAUSE_SECONDS_MIN else 0.0)
    resting = health.resting
    if resting is not None:
        # What was asked before the rest says nothing. The only endpoint is asked during a short one.
        too_early = asked_at < (resting.since if health.alone else resting.until)
        if too_early or (resting.needs_logs and not proved_logs):
            return eased
    # It may be quick to tell its head and hang at every question for logs: then the next rest is a longer one.
    if health.fails_logs and not proved_logs:
        return replace(eased, resting=None)
    return replace(eased, resting=None, failures=0, fails_logs=False)


def may_be_asked(health: Health, *, now: float) -> bool:
    """Say whether a question may go to the endpoint: it is well, its time is over, or it is alone and rests shortly."""
    resting = health.resting
    if resting is None or resting.until <= now:
        return True
    return health.alone and resting.until - resting.since < SHORT_SECONDS


def lags(height: int, best: int) -> bool:
    """Say whether an endpoint with its head at `height` is too far behind the best of them."""
    return best - height > LAG_BLOCKS_MAX


def is_news(height: int, *, known: int, known_at: float, now: float) -> bool:
    """Say whether what an endpoint calls its head counts: one that goes backwards is lag, unless it stays there."""
    return height >= known or now - known_at >= BACKWARDS_SECONDS


def reach_after_answer(reach: Reach, *, blocks: int, logs: int) -> Reach:
    """
    Return how far to reach after a range was answered: farther, as long as its logs fit in memory.

    Once an endpoint has refused a range, we feel our way up more slowly: each refusal costs a request. A range
    shorter than what we ask for proves nothing about a longer one.
    """
    if logs > 2 * LOGS_MAX:
        return replace(reach, blocks=min(reach.blocks, max(1, blocks * LOGS_MAX // logs)))
    if blocks < reach.blocks or logs > LOGS_MAX:
        return reach
    farther = reach.blocks + reach.blocks // (16 if reach.was_refused else 4) + 1
    return replace(reach, blocks=min(reach.most, farther))


def reach_after_refusal(reach: Reach, refusal: AskLess, *, blocks: int) -> Reach:
    """Return how far to reach after a range of so many blocks was refused: what the endpoint named, else half."""
    limit = refusal.limit
    # A limit that we kept to and were refused all the same is none.
    if limit is None or not 0 < limit < blocks:
        return replace(reach, blocks=min(reach.blocks, max(1, blocks // 2)), was_refused=True)
    most = min(reach.most, limit) if refusal.lasts else reach.most
    return replace(reach, blocks=min(reach.blocks, limit), most=most, was_refused=True)


def _slow_down(health: Health, reason: str, *, asked_at: float, now: float) -> Health:
    if asked_at <= health.slowed_at:
        return health
    pause = min(PAUSE_SECONDS_MAX, max(PAUSE_SECONDS_FIRST, 2 * health.pause_seconds))
    slower = replace(health, pause_seconds=pause, slowed_at=now)
    return _rest(slower, reason, _unasked(health, pause), now=now)


def _unasked(health: Health, seconds: float) -> float:
    """Return how long to rest where the endpoint itself did not ask for it."""
    return min(seconds, ALONE_SECONDS_MAX) if health.alone else seconds


def _rest(health: Health, reason: str, seconds: float, *, now: float, needs_logs: bool = False) -> Health:
    """Return the endpoint at rest, for the longer of this reason and one it rests for already."""
    former = health.resting
    resting = Resting(
        reason=reason,
        since=now,
        until=now + seconds,
        needs_logs=needs_logs or (former is not None and former.needs_logs),
    )
    if former is not None and former.until > resting.until:
        resting = replace(former, needs_logs=resting.needs_logs)
    return replace(health, resting=resting)
