"""
Rank the providers that fit what a renter needs.

A score is a sum of shares, each a value between 0 and 1 times its weight:

    fit         0.20   the model that was asked for, and enough memory; much more than that is money spent for nothing
    reputation  0.20   jobs that renters confirmed: n / (n + 20)
    success     0.35   jobs done of those that ended lately, by the lower bound of Wilson's interval: what the share of
                       a provider is at least, with a certainty of 97.5 %. 1 of 1 says little, 98 of 100 much
    load        0.10   jobs that wait for it now: 1 / (1 + n)
    uptime      0.15   how much of the last days heartbeats kept it online

Equal scores go by reputation, then by address, so that the same providers always come in the same order.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

WEIGHTS = {"fit": 0.20, "reputation": 0.20, "success": 0.35, "load": 0.10, "uptime": 0.15}

CERTAINTY = 1.96
"""How many standard deviations below what was seen the lower bound lies."""

UNPROVEN = 0.1
"""The value of a provider of whose jobs none ended lately: less than 1 of 1, more than 0 of any."""

HALF_REPUTATION = 20
"""The reputation that is worth half of what any can be."""

AMPLE = 2
"""Up to so many times the memory that is needed is no waste."""

OTHER_MODEL = 0.5
"""The value of a model whose name has more to it than was asked for: it may be another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What a renter asks of a provider; None and 0 ask nothing."""

    gpu_model: str | None = None
    vram_mib: int = 0
    reputation: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """
    What became of a provider's jobs in the last `days`: those `done` of those that `ended`, and those that wait now.

    A job that its agent left unanswered has ended for this, and not well.
    """

    days: int
    done: int = 0
    ended: int = 0
    waiting: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Uptime:
    """Which part of the last `days` a provider was online, 0 to 1."""

    days: int
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A provider to be ranked; `uptime` is None before its first whole day."""

    address: str
    gpu_model: str
    vram_mib: int
    reputation: int
    record: Record
    uptime: Uptime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One part of a score: its value between 0 and 1, and why, for a person."""

    name: str
    value: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """A provider that fits, its score between 0 and 1, and the shares that make it up."""

    address: str
    score: float
    shares: tuple[Share, ...]

    @property
    def reasons(self) -> list[str]:
        """The reasons of the shares, for a person."""
        return [share.reason for share in self.shares]


def rank(candidates: Iterable[Candidate], needs: Needs) -> list[Ranked]:
    """Return the candidates that fit, best first."""
    fitting = [candidate for candidate in candidates if fits(candidate, needs)]
    scored = [(candidate, _ranked(candidate, needs)) for candidate in fitting]
    scored.sort(key=lambda each: (-each[1].score, -each[0].reputation, each[0].address))
    return [ranked for _, ranked in scored]


def fits(candidate: Candidate, needs: Needs) -> bool:
    """Say whether a provider has what is needed. A model is named in any case, and may be a part of the whole name."""
    return (
        (needs.gpu_model or "").lower() in candidate.gpu_model.lower()
        and candidate.vram_mib >= needs.vram_mib
        and candidate.reputation >= needs.reputation
    )


def at_least(done: int, ended: int) -> float:
    """Return the lower bound of Wilson's interval for the share of jobs that a provider does."""
    if ended == 0:
        return 0.0
    share, square = done / ended, CERTAINTY**2
    spread = CERTAINTY * math.sqrt(share * (1 - share) / ended + square / (4 * ended**2))
    return max(0.0, (share + square / (2 * ended) - spread) / (1 + square / ended))


def _ranked(candidate: Candidate, needs: Needs) -> Ranked:
    shares = (
        _fit(candidate, needs),
        _reputation(candidate),
        _success(candidate.record),
        _load(candidate.record),
        _uptime(candidate.uptime),
    )
    score = sum(WEIGHTS[share.name] * share.value for share in shares)
    return Ranked(address=candidate.address, score=round(score, 6), shares=shares)


def _fit(candidate: Candidate, needs: Needs) -> Share:
    memory = min(1.0, AMPLE * needs.vram_mib / candidate.vram_mib) if needs.vram_mib else 1.0
    reason = f"{candidate.gpu_model or 'unknown model'}, {_gib(candidate.vram_mib)} GiB"
    if needs.vram_mib:
        reason += f", {_gib(needs.vram_mib)} needed"
    is_whole = needs.gpu_model is None or needs.gpu_model.lower() == candidate.gpu_model.lower()
    return Share(name="fit", value=memory * (1.0 if is_whole else OTHER_MODEL), reason=reason)


def _reputation(candidate: Candidate) -> Share:
    count = candidate.reputation
    return Share(
        name="reputation",
        value=count / (count + HALF_REPUTATION),
        reason=f"reputation {count}: {_jobs(count)} confirmed by renters",
    )


def _success(record: Record) -> Share:
    if record.ended == 0:
        return Share(name="success", value=UNPROVEN, reason=f"no job ended in {_days(record.days)}")
    reason = f"{record.done} of {_jobs(record.ended)} done in {_days(record.days)}"
    return Share(name="success", value=at_least(record.done, record.ended), reason=reason)


def _load(record: Record) -> Share:
    reason = f"{_jobs(record.waiting)} waiting" if record.waiting else "no job waiting"
    return Share(name="load", value=float(Fraction(1, 1 + record.waiting)), reason=reason)


def _uptime(uptime: Uptime | None) -> Share:
    if uptime is None:
        return Share(name="uptime", value=0.0, reason="online for the first day")
    reason = f"online {100 * uptime.share:.1f} % of {_days(uptime.days)}"
    return Share(name="uptime", value=uptime.share, reason=reason)


def _jobs(count: int) -> str:
    return "1 job" if count == 1 else f"{count} jobs"


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"


def _gib(mib: int) -> str:
    return f"{mib / 1024:.1f}".removesuffix(".0")
