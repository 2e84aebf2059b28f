"""
One server that answers JSON-RPC for a chain, and what we have learned of it.

Whatever comes back, `judge` decides what follows for the endpoint; an error goes on to whoever asked, with the
endpoint's name and without its URL. Which endpoint to ask is decided in `rpc`, and whether an answer may be believed
in `indexer.verify`.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from typing import Any, TypeVar

from chain import judge
from chain.asked import Asked
from chain.calls import Call, chain_id, header
from chain.errors import AskLess, Cause, HistoryGone, LogsOff, Rest, RpcError, SplitTopics, TryAgain
from chain.health_values import Health, Reach, Resting
from chain.line import LOGS, Failure, Line, last_block, one_block
from chain.place import Veil
from chain.transport import Transport
from chain.wire import Header

Answer = TypeVar("Answer")

CALLS_MAX = 100
"""How many calls go into one HTTP request; public endpoints refuse many more."""

REQUESTS_MAX = 4
"""How many requests of one batch are on their way at once."""

TURN_SECONDS_MAX = 10.0
"""How long a question waits for its turn at an endpoint that may not be asked often."""

LOOK_SECONDS_MAX = 3.0
"""How long a look may take where another endpoint could be looked at."""

HISTORY_GONE_SECONDS = 600.0
"""How long we believe that history is gone: behind one name stand several nodes, and one may keep more."""


class Endpoint:
    """
    An endpoint of a chain; `alone` says that there is no other one, `chain_id` what it must prove to be of.

    `head`, its newest block, came in one answer with `head_finalized`, what it held final then; `height` and
    `finalized` are as of its last look. `latency_seconds` is a moving average, `under_way` counts its batches under
    way. `splits_topics` says that it takes one topic at a time, `asked` what it was asked and what came of it.
    """

    def __init__(
        self,
        url: str,
        *,
        name: str,
        rank: int,
        alone: bool,
        transport: Transport,
        clock: Callable[[], float],
        chain_id: int | None = None,
    ) -> None:
        self.name = name
        self.rank = rank
        self.head: Header | None = None
        self.head_finalized = -1
        self.height: int | None = None
        self.finalized: int | None = None
        self.latency_seconds: float | None = None
        self.under_way = 0
        self.splits_topics = False
        self.asked = Asked()
        self.looked_at = float("-inf")
        self._line = Line(url, transport)
        self._veil = Veil(url)
        self._clock = clock
        self._health = Health(alone=alone)
        self._reach = Reach()
        self._last_turn = float("-inf")
        self._head_at = float("-inf")
        self._history = (0, float("-inf"))
        self._logs_proof: Call[Any] | None = None
        # None where it need not, or need no more, be proven.
        self._chain_id = chain_id

    def __repr__(self) -> str:
        return f"Endpoint({self.name})"

    @property
    def rests(self) -> Resting | None:
        """Why it is left alone and until when, or None; after that time it rests on until it is proven well."""
        return self._health.resting

    @property
    def rests_for_seconds(self) -> float:
        """How long it is still left alone; 0 when it is well, or about to be put to the proof."""
        return 0.0 if self.rests is None else max(0.0, self.rests.until - self._clock())

    @property
    def is_resting(self) -> bool:
        return self._health.resting is not None

    @property
    def may_be_asked(self) -> bool:
        """Whether it is well, or rested long enough to be put to the proof."""
        return judge.may_be_asked(self._health, now=self._clock())

    @property
    def range_size(self) -> int:
        """How many blocks to ask for at once."""
        return self._reach.blocks

    @property
    def requests_per_second_max(self) -> float | None:
        """How often it is asked at most; None while it does not complain."""
        return 1 / self._health.pause_seconds if self._health.pause_seconds else None

    @property
    def history_from(self) -> int:
        """The first block it is believed to have logs of."""
        first, until = self._history
        return first if self._clock() < until else 0

    async def batch(self, calls: Sequence[Call[Answer]]) -> list[Answer]:
        """Return the answers in the order of the calls, all from here. Raises an `RpcError` of a family."""
        asked_at = self._clock()
        answers: list[Answer] = []
        with self._counted():
            for start in range(0, len(calls), CALLS_MAX * REQUESTS_MAX):
                answers += await self._at_once(calls[start : start + CALLS_MAX * REQUESTS_MAX])
        if calls:
            self._succeeded(asked_at, proved_logs=any(call.method == LOGS for call in calls))
        return answers

    async def _at_once(self, calls: Sequence[Call[Answer]]) -> list[Answer]:
        """Return the answers to calls that go in several requests: they wait for the endpoint together."""
        parts = [calls[start : start + CALLS_MAX] for start in range(0, len(calls), CALLS_MAX)]
        if len(parts) == 1:
            return await self._ask(calls)
        answers: list[Answer] = []
        # All are waited for, also where one fails: nobody would hear of the others.
        for answered in await asyncio.gather(*map(self._ask, parts), return_exceptions=True):
            if isinstance(answered, BaseException):
                raise answered
            answers += answered
        return answers

    async def look(self) -> None:
        """Learn its head and what it holds final, in one batch; an endpoint that cannot be looked at rests."""
        asked_at = self.looked_at = self._clock()
        try:
            # The only endpoint gets all the time that the transport gives it.
            async with asyncio.timeout(None if self._health.alone else LOOK_SECONDS_MAX):
                head, finalized = await self._ends()
        except TimeoutError as error:
            raise self._unseen(TryAgain(f"{self.name}: no look within {LOOK_SECONDS_MAX:g} s"), asked_at) from error
        except RpcError as error:
            self._unseen(error, asked_at)
            raise
        # A later look may have ended before this one.
        if asked_at == self.looked_at:
            self._saw(head, finalized)
        self._succeeded(asked_at, proved_logs=self._logs_proof is not None)

    def distrust(self, reason: str) -> None:
        """Let it rest, for its answers contradict each other."""
        self.asked.distrust()
        self._health = judge.after_distrust(self._health, self._veil.hide(reason), now=self._clock())

    def bore_range(self, blocks: int, logs: int) -> None:
        """Learn that it answered a range of so many blocks with so many logs."""
        self._reach = judge.reach_after_answer(self._reach, blocks=blocks, logs=logs)

    def refused_range(self, blocks: int, refusal: AskLess) -> None:
        """Learn that it would not answer a range of so many blocks."""
        self._reach = judge.reach_after_refusal(self._reach, refusal, blocks=blocks)

    async def _ask(self, calls: Sequence[Call[Any]]) -> list[Any]:
        await self._turn()
        asked_at = self._clock()
        answers = await self._line.ask(calls)
        took = self._clock() - asked_at
        self.asked.note(calls, answers, took)
        if isinstance(answers, Failure):
            raise self._learned(answers, asked_at)
        self.latency_seconds = took if self.latency_seconds is None else 0.8 * self.latency_seconds + 0.2 * took
        return answers

    async def _turn(self) -> None:
        """Wait until it may be asked again."""
        now = self._clock()
        turn = max(now, self._last_turn + self._health.pause_seconds)
        if turn - now > TURN_SECONDS_MAX:
            raise TryAgain(f"{self.name}: it may not be asked more often", turn - now, cause=Cause.RATE)
        self._last_turn = turn
        if turn > now:
            await asyncio.sleep(turn - now)

    async def _ends(self) -> tuple[Header, Header]:
        """Return the newest block and the newest final one, and see that logs are answered if they were not."""
        with self._counted():
            proof: list[Call[Any]] = [] if self._chain_id is None else [chain_id()]
            head, finalized, *identity = await self._ask([header("latest"), header("finalized"), *proof])
            if identity:
                self._prove_chain(identity[0])
            if head is None or finalized is None:
                raise TryAgain(f"{self.name}: it has no latest or no finalized block")
            if self._logs_proof is not None:
                await self._ask([one_block(self._logs_proof, finalized.number)])
        return head, finalized

    def _prove_chain(self, answered: str) -> None:
        """See once that it is an endpoint of the chain we mean: what another one says of its head means nothing."""
        if self._chain_id is not None and answered != hex(self._chain_id):
            reason = f"it is of chain {answered}, not of {self._chain_id:#x}"
            error = Rest(f"{self.name}: {reason}")
            now = self._clock()
            self._health = judge.judge(error, self._health, reason=reason, asked_at=now, now=now)
            raise error
        self._chain_id = None

    def _saw(self, head: Header, finalized: Header) -> None:
        now = self._clock()
        self.height = head.height
        self.finalized = min(finalized.height, head.height)
        if self.head is None or judge.is_news(head.height, known=self.head.height, known_at=self._head_at, now=now):
            self.head, self.head_finalized, self._head_at = head, self.finalized, now

    def _unseen(self, error: RpcError, asked_at: float) -> RpcError:
        self.asked.rests_for(error)
        self._health = judge.after_trouble(self._health, self._unnamed(error), asked_at=asked_at, now=self._clock())
        return error

    def _succeeded(self, asked_at: float, *, proved_logs: bool) -> None:
        self._health = judge.after_success(self._health, asked_at=asked_at, proved_logs=proved_logs)
        if self._health.resting is None:
            self._logs_proof = None

    def _learned(self, failure: Failure, asked_at: float) -> RpcError:
        """Draw the conclusions from an error, and return it as it may be shown."""
        error, logs_call = failure.error, failure.logs_call
        reason = self._veil.hide(str(error))
        now = self._clock()
        self._health = judge.judge(
            error, self._health, reason=reason, asked_at=asked_at, now=now, about_logs=logs_call is not None
        )
        match error:
            case HistoryGone() if logs_call and (last := last_block(logs_call)) is not None:
                self._history = (max(self.history_from, last + 1), now + HISTORY_GONE_SECONDS)
            case LogsOff():
                self._logs_proof = logs_call
            case SplitTopics():
                self.splits_topics = True
        shown = copy(error)
        shown.args = (f"{self.name}: {reason}",)
        return shown

    def _unnamed(self, error: RpcError) -> str:
        return str(error).removeprefix(f"{self.name}: ")

    @contextmanager
    def _counted(self) -> Iterator[None]:
        self.under_way += 1
        try:
            yield
        finally:
            self.under_way -= 1
