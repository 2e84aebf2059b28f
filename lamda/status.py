"""What `lamda status` shows: per chain how far we are, who leads it, how it is proven, and what stands in the way."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from chain import judge
from models.values import ProofLevel

SILENT_SECONDS = 30.0
BEHIND_BLOCKS = 100
"""Further behind than this, a chain is catching up, and it can be told how long that takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointStatus:
    """An endpoint as the leader of its chain sees it."""

    name: str
    head: int | None
    finalized: int | None
    latency_ms: int | None
    range_blocks: int
    requests_per_second_max: float | None
    rests_for_seconds: float | None
    rests_because: str | None
    seen_seconds_ago: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestStatus:
    """A request that is not done yet."""

    id: int
    kind: str
    requested_by: str
    asked_seconds_ago: float
    is_begun: bool
    first_block: int | None
    last_block: int | None
    read_through: int | None
    trouble: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainStatus:
    """Where our copy of one chain stands; `lag_seconds` is the age of the last indexed block."""

    chain: str
    head: int
    finalized: int
    final_through: int
    indexed: int
    state_through: int
    start_block: int
    lag_seconds: float
    updated_seconds_ago: float
    blocks_per_second: float | None = None
    paused_reason: str | None = None
    paused_fork: int | None = None
    heartbeats_from: int = 0
    leader: str | None = None
    leader_epoch: int = 0
    lease_seconds_left: float | None = None
    proofs: dict[str, int] = field(default_factory=dict)
    endpoints: list[EndpointStatus] = field(default_factory=list)
    requests: list[RequestStatus] = field(default_factory=list)

    @property
    def lag_blocks(self) -> int:
        """Return how many blocks we are behind the head."""
        return max(0, self.head - self.indexed)

    @property
    def seconds_left(self) -> float | None:
        """Return how long it takes to catch up, at the rate of now; None at the head, or where nothing moves."""
        if self.lag_blocks <= BEHIND_BLOCKS or not self.blocks_per_second:
            return None
        return self.lag_blocks / self.blocks_per_second

    @property
    def pause(self) -> str | None:
        """Return why the chain is paused, and where to read on, or None when it is not."""
        if self.paused_reason is None:
            return None
        if self.paused_fork is None:
            return f"paused: {self.paused_reason}: `lamda resume` or `lamda reindex` lets it go on"
        first = "docs/operations/deep-reorg.md says what to look at first"
        return f"paused: {self.paused_reason} (fork at block {self.paused_fork}); {first}"

    @property
    def notes(self) -> list[str]:
        """Return what stands in the way, for a person."""
        notes = []
        if self.pause is not None:
            notes.append(self.pause)
        elif self.leader is None and self.updated_seconds_ago > SILENT_SECONDS:
            notes.append(f"nobody leads, no commit for {duration(self.updated_seconds_ago)}: is `lamda index` running?")
        elif self.updated_seconds_ago > SILENT_SECONDS:
            notes.append(f"no commit for {duration(self.updated_seconds_ago)}: `lamda doctor` asks each endpoint why")
        if self.state_through < self.indexed:
            notes.append(f"catching up: state follows facts through block {self.state_through:,}")
        return notes


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalStatus:
    """Reports of agents that were refused today for one reason."""

    reason: str
    count: int
    senders: int
    last_seconds_ago: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenWork:
    """How many open jobs stand where, and how many of them wait for what ought to have come."""

    jobs: dict[str, int] = field(default_factory=dict)
    troubles: dict[str, int] = field(default_factory=dict)


def as_json(chains: Sequence[ChainStatus], refusals: Sequence[RefusalStatus] = ()) -> str:
    """Return everything as one JSON document."""
    shown = [
        {**asdict(each), "lag_blocks": each.lag_blocks, "seconds_left": each.seconds_left, "notes": each.notes}
        for each in chains
    ]
    return json.dumps({"chains": shown, "refusals": [asdict(each) for each in refusals]}, indent=2)


def page(chains: Sequence[ChainStatus], refusals: Sequence[RefusalStatus] = ()) -> RenderableType:
    """Lay everything out for a person."""
    if not chains:
        return Text("no chain has been indexed into this database yet")
    parts: list[RenderableType] = [progress(chains)]
    parts += [Text(f"{each.chain}  {note}", style="yellow") for each in chains for note in each.notes]
    parts += [Text(), proofs(chains)]
    if any(each.endpoints for each in chains):
        parts += [Text(), endpoints(chains)]
    if any(each.requests for each in chains):
        parts += [Text(), requests(chains)]
    if refusals:
        parts += [Text(), Text(refused(refusals), style="yellow")]
    return Group(*parts)


def progress(chains: Sequence[ChainStatus]) -> Table:
    """Lay out how far each chain is, and who leads it."""
    table = _table(left=("chain", "leader"), right=("head", "finalized", "indexed", "behind", "", "rate", "left"))
    for each in chains:
        table.add_row(
            each.chain,
            f"{each.head:,}",
            f"{each.finalized:,}",
            f"{each.indexed:,}",
            f"{each.lag_blocks:,} blocks",
            duration(each.lag_seconds),
            "–" if each.blocks_per_second is None else f"{each.blocks_per_second:,.1f}/s",
            "–" if each.seconds_left is None else duration(each.seconds_left),
            "nobody" if each.leader is None else f"{each.leader} (epoch {each.leader_epoch})",
        )
    return table


def proofs(chains: Sequence[ChainStatus]) -> Table:
    """Lay out how many blocks of each chain are proven at each level."""
    table = _table(left=("proven by",), right=(*(level.value for level in ProofLevel), "not noted"))
    for each in chains:
        noted = [each.proofs.get(level, 0) for level in ProofLevel]
        rest = max(0, each.indexed - each.start_block + 1 - sum(noted))
        table.add_row(each.chain, *(f"{blocks:,}" if blocks else "–" for blocks in (*noted, rest)))
    return table


def endpoints(chains: Sequence[ChainStatus]) -> Table:
    """Lay out the endpoints, in their order of preference, and why any rests."""
    table = _table(left=("chain", "endpoint", "state"), right=("head", "final", "latency", "range", "pace"))
    for each in chains:
        best = max((one.head or 0 for one in each.endpoints if one.rests_for_seconds is None), default=0)
        for endpoint in each.endpoints:
            table.add_row(
                each.chain,
                endpoint.name,
                *(_number(endpoint.head), _number(endpoint.finalized)),
                "–" if endpoint.latency_ms is None else f"{endpoint.latency_ms:,} ms",
                f"{endpoint.range_blocks:,}",
                "–" if endpoint.requests_per_second_max is None else f"{endpoint.requests_per_second_max:,.1f}/s",
                _state(endpoint, best),
            )
    return table


def requests(chains: Sequence[ChainStatus]) -> Table:
    """Lay out what operators asked for and is not done yet."""
    table = _table(left=("chain", "request", "by", "state"), right=("blocks",))
    for each in chains:
        for request in each.requests:
            blocks = f"{_number(request.first_block)}–{_number(request.last_block)}"
            name = f"{request.id} {request.kind.lower()}"
            table.add_row(each.chain, name, request.requested_by, blocks, _progress(request))
    return table


def refused(refusals: Sequence[RefusalStatus]) -> str:
    """Return how many reports were refused today, and why."""
    total, last = sum(each.count for each in refusals), min(each.last_seconds_ago for each in refusals)
    reasons = "; ".join(
        f"{each.reason}: {each.count:,} of {each.senders:,} {'sender' if each.senders == 1 else 'senders'}"
        for each in refusals
    )
    return f"refused today  {total:,} reports of agents, the last {duration(last)} ago ({reasons})"


def duration(seconds: float) -> str:
    """Return a length of time as people say it."""
    if seconds < 60:
        return f"{max(0.0, seconds):.1f} s"
    minutes, hours, days = round(seconds / 60), round(seconds / 3600), round(seconds / 86_400)
    if minutes < 100:
        return f"{minutes} min"
    return f"{hours} h" if hours < 72 else f"{days:,} days"


def _number(number: int | None) -> str:
    return "–" if number is None else f"{number:,}"


def _state(endpoint: EndpointStatus, best: int) -> Text:
    if endpoint.rests_for_seconds is not None:
        said = f"rests for {duration(endpoint.rests_for_seconds)}: {endpoint.rests_because}"
        return Text(said, style="yellow")
    if endpoint.seen_seconds_ago > SILENT_SECONDS:
        return Text(f"as of {duration(endpoint.seen_seconds_ago)} ago", style="dim")
    if endpoint.head is None:
        return Text("not asked yet", style="dim")
    if judge.lags(endpoint.head, best):
        return Text(f"{best - endpoint.head:,} blocks behind: not used", style="yellow")
    return Text("in use", style="green")


def _progress(request: RequestStatus) -> str:
    waits = "" if request.trouble is None else f", waits: {request.trouble}"
    if not request.is_begun:
        return f"waits its turn for {duration(request.asked_seconds_ago)}"
    if request.read_through is None or request.first_block is None or request.last_block is None:
        return f"begun{waits}"
    done, total = request.read_through - request.first_block + 1, request.last_block - request.first_block + 1
    return f"{100 * done // total} %, through block {request.read_through:,}{waits}"


def _table(*, left: tuple[str, ...], right: tuple[str, ...]) -> Table:
    """Return an empty table: texts to the left, numbers to the right, the last text at the end."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    last = left[-1:] if len(left) > 1 else ()
    for column in (*left[: len(left) - len(last)], *right, *last):
        table.add_column(column, justify="left" if column in left else "right", overflow="fold")
    return table
