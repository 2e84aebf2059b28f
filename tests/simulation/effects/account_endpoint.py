"""
An endpoint that takes transactions, and what may go wrong with one that is sent.

    the answer is lost      accepted, and then a time-out, a 502, a cut connection, or something that is no JSON
    kept                    accepted, and passed on to nobody
    swallowed               said to be accepted, and forgotten at once
    refused                 with any text that an endpoint may have for it, accepted all the same or not
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from chain.errors import TryAgain
from chain.transport import HttpAnswer
from models.values import show_bytes
from tests.simulation.effects.account_chain import AccountChain
from tests.simulation.effects.account_node import AccountNode
from tests.simulation.effects.pool import Pool, Rules
from tests.simulation.effects.transactions import SignedTransaction, decode
from tests.simulation.endpoint import TIMEOUT_SECONDS, SimulatedEndpoint
from tests.simulation.nodes import Node, Refusal

SEND: Final = "eth_sendRawTransaction"
LOSES_ANSWER: Final = ("accepted_timeout", "accepted_502", "accepted_closed", "accepted_garbled")
OF_SENDING: Final = (*LOSES_ANSWER, "kept", "swallowed", "refused", "refused_and_accepted")
REFUSALS: Final = (
    *("already known", "known transaction: 7c3f", "already imported", "nonce too low", "nonce too high"),
    *("replacement transaction underpriced", "transaction underpriced", "max fee per gas less than block base fee"),
    *("insufficient funds for gas * price + value", "intrinsic gas too low", "exceeds block gas limit"),
    *("invalid sender", "txpool is full", "account limit exceeded", "unknown transaction", "internal error"),
)

KNOWN: Final = "already known"

Witness = Callable[[SignedTransaction], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Character:
    """What kind of node it is, beside its traits as one that answers about blocks and logs."""

    rules: Rules
    state_blocks: int
    has_l1_fee: bool


class AccountEndpoint(SimulatedEndpoint):
    """One endpoint of a chain with accounts; `witness` sees each transaction that arrives here."""

    def __init__(self, name: str, chain: AccountChain, *, character: Character, witness: Witness, **more: Any) -> None:
        super().__init__(name, chain, **more)
        self.pool = Pool(character.rules)
        self._accounts = chain
        self._character = character
        self._witness = witness
        chain.pools.append(self.pool)

    async def _answer(self, fault: str, requests: list[dict[str, Any]]) -> HttpAnswer:
        sent = [each for each in requests if each["method"] == SEND]
        for each in sent:
            await self._witness(decode(bytes.fromhex(each["params"][0][2:])))
        if not sent or fault not in LOSES_ANSWER:
            return await super()._answer(fault, requests)
        self._batch("", requests)
        match fault:
            case "accepted_timeout":
                await asyncio.sleep(TIMEOUT_SECONDS)
                raise TryAgain(f"{self.name}: no answer within {TIMEOUT_SECONDS} s")
            case "accepted_closed":
                raise TryAgain(f"{self.name}: the connection was closed mid-body")
            case "accepted_502":
                return HttpAnswer(status=502, body=b"<html>502 Bad Gateway</html>")
            case _:
                return HttpAnswer(status=200, body=b'[{"jsonrpc":"2.0","id":')

    def _node(self, fault: str) -> Node:
        character = self._character
        return AccountNode(
            self._chain,
            self._view(fault),
            self._traits,
            self._dice,
            self.pool,
            character.state_blocks,
            character.has_l1_fee,
        )

    def _reply(self, node: Node, fault: str, request: dict[str, Any]) -> dict[str, Any]:
        if request["method"] != SEND:
            return super()._reply(node, "" if fault in OF_SENDING else fault, request)
        raw = request["params"][0]
        envelope = {"jsonrpc": "2.0", "id": request["id"]}
        if fault == "swallowed":
            return envelope | {"result": show_bytes(decode(bytes.fromhex(raw[2:])).hash)}
        refusal = Refusal(self._dice.choice(REFUSALS))
        if fault == "refused":
            return envelope | {"error": refusal.wire}
        reply = super()._reply(node, fault if fault not in OF_SENDING else "", request)
        if "result" in reply or reply["error"]["message"] == KNOWN:
            # A node forwards what it is sent before it looks whether it has it.
            self._accounts.spread(decode(bytes.fromhex(raw[2:])), self.pool, is_kept=fault == "kept")
        return envelope | {"error": refusal.wire} if fault == "refused_and_accepted" else reply
