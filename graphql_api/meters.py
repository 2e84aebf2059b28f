"""
How often somebody may ask: quotas, and the meters that hold people to them.

Each meter fills a bucket of tokens for everybody it knows, steadily, up to what a minute holds: a burst of that many is
let through at once, and then one each time another token has come. What is remembered of somebody is one moment,
the one at which their bucket is full again; of too many people, those who asked longest ago are forgotten.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import msgspec

from graphql_api.errors import RateLimited

SECONDS = 60.0
"""What quotas are reckoned in."""

KNOWN_MAX = 100_000
"""How many people one meter remembers."""


@dataclass(frozen=True, kw_only=True)
class Quota:
    """So many times a minute; 0 is as often as anybody likes."""

    name: str
    count: int
    what: str

    @cached_property
    def policy(self) -> str:
        """Return the quota as `RateLimit-Policy` writes it (draft-ietf-httpapi-ratelimit-headers)."""
        return f'"{self.name}";q={self.count};w={SECONDS:.0f}'


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What is left of a quota: times, seconds until all of it is back, and seconds to wait when there is too little."""

    quota: Quota
    remaining: int
    reset_seconds: float
    wait_seconds: float = 0.0

    @property
    def complaint(self) -> RateLimited | None:
        """Return what to say to whoever asks too often, or None where they do not."""
        if not self.wait_seconds:
            return None
        return RateLimited(
            f"too many {self.quota.what}: {self.quota.count} a minute allowed, try again in {self.wait} s", self.wait
        )

    @property
    def wait(self) -> int:
        """Return the seconds to wait, as whole ones."""
        return max(1, math.ceil(self.wait_seconds))

    @property
    def shown(self) -> str:
        """Return what is left as `RateLimit` writes it."""
        return f'"{self.quota.name}";r={self.remaining};t={math.ceil(self.reset_seconds)}'


class Meter:
    """What people have left of one quota, in this process."""

    def __init__(
        self, quota: Quota, clock: Callable[[], float] = time.monotonic, *, known_max: int = KNOWN_MAX
    ) -> None:
        self.quota = quota
        self._clock = clock
        self._known_max = known_max
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def take(self, holder: str, times: int = 1) -> Standing | None:
        """Take from somebody's quota, all of it or nothing, and return what is left; None where nobody counts."""
        if not self.quota.count:
            return None
        now, each = self._clock(), SECONDS / self.quota.count
        owed = max(0.0, self._full_at.get(holder, now) - now)
        wanted = owed + times * each
        # Sums of fractions of a minute may be off by the last digit.
        if wanted > SECONDS + each / 1000:
            wait = min(SECONDS, wanted - SECONDS)
            return Standing(
                quota=self.quota, remaining=int((SECONDS - owed) / each), reset_seconds=owed, wait_seconds=wait
            )
        self._note(holder, now + wanted)
        left = int((SECONDS - wanted) / each + 0.001)
        return Standing(quota=self.quota, remaining=left, reset_seconds=wanted)

    def _note(self, holder: str, full_at: float) -> None:
        self._full_at[holder] = full_at
        self._full_at.move_to_end(holder)
        if len(self._full_at) > self._known_max:
            self._full_at.popitem(last=False)
