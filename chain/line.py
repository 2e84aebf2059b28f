"""
The line to one endpoint: a batch goes out, and its answers come back, or what befell it.

A bare “limit exceeded” on eth_getLogs leaves open whether the range, the rate or the method itself is meant. Here the
endpoint is asked once more, about one block: refused again, it has the method switched off.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from chain import replies
from chain.calls import Call
from chain.errors import AskAnother, AskLess, Cause, LogsOff, RpcError, TryAgain
from chain.transport import Transport

LOGS = "eth_getLogs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An error, and the calls of the batch that it may be about."""

    error: RpcError
    calls: Sequence[Call[Any]]

    @property
    def logs_call(self) -> Call[Any] | None:
        """The question for logs among them, if there is one."""
        return next((call for call in self.calls if call.method == LOGS and call.parameters), None)


class Line:
    """The line to the endpoint at a URL."""

    def __init__(self, url: str, transport: Transport) -> None:
        self._url = url
        self._transport = transport
        self._ids = count(1)

    async def ask(self, calls: Sequence[Call[Any]]) -> list[Any] | Failure:
        """Return the answers in the order of the calls, all of one HTTP request, or what befell it."""
        answers = await self._exchange(calls)
        if isinstance(answers, Failure) and type(answers.error) is AskAnother and answers.logs_call:
            return await self._which_limit(answers, answers.logs_call)
        return answers

    async def _exchange(self, calls: Sequence[Call[Any]]) -> list[Any] | Failure:
        asked = {next(self._ids): call for call in calls}
        try:
            answers = replies.read(await self._transport.post(self._url, replies.write(asked)), asked)
        except RpcError as error:
            return Failure(error=error, calls=calls)
        failures = (
            Failure(error=answer, calls=[call])
            for call, answer in zip(calls, answers, strict=True)
            if isinstance(answer, RpcError)
        )
        return next(failures, answers)

    async def _which_limit(self, failure: Failure, call: Call[Any]) -> Failure:
        again = await self._exchange([one_block(call)])
        said = str(failure.error)
        error: RpcError
        if isinstance(again, Failure):
            if type(again.error) is not AskAnother:
                return Failure(error=again.error, calls=[call])
            error = LogsOff(f"eth_getLogs is switched off here, even for one block ({said}): use another endpoint")
        elif spans_blocks(call):
            error = AskLess(said)
        else:
            error = TryAgain(said, cause=Cause.RATE)
        return Failure(error=error, calls=[call])


def one_block(call: Call[Any], number: str | None = None) -> Call[Any]:
    """Return the question for logs asked of one block: the one given, else the first that it was about."""
    criteria = dict(call.parameters[0])
    block = number or criteria.get("fromBlock")
    if block is not None:
        criteria.pop("blockHash", None)
        criteria |= {"fromBlock": block, "toBlock": block}
    return Call(LOGS, (criteria,), list[Any])


def last_block(call: Call[Any]) -> int | None:
    """Return the last block that a question for logs is about, if it is given by its number."""
    block = call.parameters[0].get("toBlock", "")
    return int(block, 16) if block.startswith("0x") else None


def spans_blocks(call: Call[Any]) -> bool:
    """Say whether a question for logs is about more than one block."""
    criteria = call.parameters[0]
    return bool(criteria.get("fromBlock") != criteria.get("toBlock"))
