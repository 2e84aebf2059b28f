"""
Decide what is wrong with the endpoints of a chain that `lamda doctor` saw, and say what to do about it.

Pure: each endpoint by itself, in the light of the others and of what we have; then all of them together. Who looks at
them is `endpoint_checkup`.
"""

from collections.abc import Iterable, Sequence

from lamda.checkup_values import ChainExpected, EndpointSeen, Finding, LogsAnswer, LogsSeen, failed, note, well
from models.values import Chain, checksum_address, show_bytes

HEAD_AGE_SECONDS_MAX = 60.0
LAG_BLOCKS_MAX = 20
FINALITY_BLOCKS_MAX = {Chain.BSC: 300, Chain.OPBNB: 20_000}
"""How far finality usually trails at most; beyond it the chain's own finality is in trouble."""

FINALITY_APART_MAX = {Chain.BSC: 40, Chain.OPBNB: 2_000}
"""How many blocks fewer than the best an endpoint may usually call final: nothing is final that one of them denies."""


def appraise(expected: ChainExpected, seen: Sequence[EndpointSeen]) -> list[Finding]:
    """Return what is wrong with a chain's endpoints one by one, and with all of them together."""
    found = [finding for each in seen for finding in _endpoint(expected, each, seen)]
    usable = [each for each in seen if _is_usable(expected, each)]
    chain, urls = expected.chain, f"{expected.chain.upper()}_RPC_URL"
    if not usable:
        text = "no endpoint is fit to index from: nothing new is read from this chain"
        return [*found, failed(chain, text, f"name another one in {urls}")]
    if not any(_reaches(each, expected.next_block) for each in usable):
        text = f"no endpoint keeps logs of block {expected.next_block:,}, which is read next: the indexer waits"
        found.append(failed(chain, text, f"name an archive endpoint in {urls}, too; docs/operations/endpoint.md"))
    elif not any(_reaches(each, expected.start_block) for each in usable):
        text = "no endpoint keeps logs back to the start block: enough to go on, not to read history again"
        found.append(note(chain, text, f"name an archive endpoint in {urls} before it is needed"))
    if len(usable) == 1:
        text = "there is only one endpoint to ask: nobody gives a second word before an effect, or when it fails"
        found.append(note(chain, text, f"name a second one of another operator in {urls}"))
    return found


def _endpoint(expected: ChainExpected, seen: EndpointSeen, all_seen: Sequence[EndpointSeen]) -> list[Finding]:
    chain, urls = expected.chain, f"{expected.chain.upper()}_RPC_URL"
    if seen.trouble is not None or seen.head is None:
        return [failed(chain, f"{seen.name} does not answer: {seen.trouble}", f"mend it, or take it out of {urls}")]
    if seen.chain_id != expected.chain_id:
        text = f"{seen.name} is of chain {seen.chain_id}, {chain.upper()}_CHAIN_ID says {expected.chain_id}"
        return [failed(chain, text, f"set {urls} or {chain.upper()}_CHAIN_ID right")]
    if expected.genesis is not None and seen.genesis != expected.genesis:
        text = f"{seen.name} has another genesis block than the chain that this database was made for"
        return [failed(chain, text, f"set {urls} right, or use another database")]
    found = [*_contract(expected, seen), *_branch(expected, seen)]
    found += [*_head(expected, seen, all_seen), *_logs(expected, seen)]
    return found or [well(chain, _standing(expected, seen))]


def _contract(expected: ChainExpected, seen: EndpointSeen) -> Iterable[Finding]:
    if not seen.has_contract:
        where = f"{expected.contract_name} at {checksum_address(expected.contract)}"
        remedy = f"set the address of {expected.contract_name} right"
        yield failed(expected.chain, f"{seen.name} knows no contract {where}", remedy)


def _branch(expected: ChainExpected, seen: EndpointSeen) -> Iterable[Finding]:
    ours = expected.final
    if ours is not None and seen.at_ours not in (None, ours.hash):
        text = (
            f"{seen.name} has another block {ours.number:,} than ours, which was final: it has "
            f"{show_bytes(seen.at_ours or b'')}, and we {show_bytes(ours.hash)}"
        )
        yield failed(expected.chain, text, "compare with an explorer; docs/operations/deep-reorg.md")


def _head(expected: ChainExpected, seen: EndpointSeen, all_seen: Sequence[EndpointSeen]) -> Iterable[Finding]:
    chain, head = expected.chain, seen.head or 0
    best = max(each.head or 0 for each in all_seen if each.chain_id == expected.chain_id)
    if seen.head_age_seconds > HEAD_AGE_SECONDS_MAX:
        text = f"{seen.name} stands still: its newest block is {shown(seen.head_age_seconds)} old"
        yield failed(chain, text, "name another endpoint first; where all stand still, the chain does")
    elif best - head > LAG_BLOCKS_MAX:
        yield note(chain, f"{seen.name} is {best - head:,} blocks behind the best of them: it is not used meanwhile")
    yield from _finality(expected, seen, all_seen)


def _finality(expected: ChainExpected, seen: EndpointSeen, all_seen: Sequence[EndpointSeen]) -> Iterable[Finding]:
    chain, head = expected.chain, seen.head or 0
    same = [each for each in all_seen if each.chain_id == expected.chain_id]
    best = max(each.finalized or 0 for each in same)
    # Whose head is behind has its finality behind, too; that is told already.
    behind = max(each.head or 0 for each in same) - head
    if seen.finalized is None:
        yield failed(chain, f"{seen.name} does not say what is finalized", "take an endpoint that does")
    elif best - seen.finalized - behind > FINALITY_APART_MAX[chain]:
        text = f"{seen.name} calls final {best - seen.finalized:,} blocks less than the best of them"
        remedy = (
            f"where it stays so, take it out of {chain.upper()}_RPC_URL: what is final is what all of them call final"
        )
        yield note(chain, text, remedy)
    elif head - seen.finalized > FINALITY_BLOCKS_MAX[chain]:
        text = f"{seen.name}: finality trails {head - seen.finalized:,} blocks behind the head"
        yield note(
            chain, f"{text}: no effect happens meanwhile", "docs/operations/finality.md says what to do and what not"
        )


def _logs(expected: ChainExpected, seen: EndpointSeen) -> Iterable[Finding]:
    chain, urls, logs = expected.chain, f"{expected.chain.upper()}_RPC_URL", seen.logs
    if logs is None or logs.answer is LogsAnswer.REFUSED:
        said = "" if logs is None else f": {logs.said}"
        yield failed(chain, f"{seen.name} gives no logs{said}", f"ask its operator, or take it out of {urls}")
    elif logs.answer is LogsAnswer.OFF:
        text = f"{seen.name} has eth_getLogs switched off, even for one block: it cannot be indexed from"
        yield failed(chain, text, f"take it out of {urls} and name another one")
    elif not _reaches(seen, expected.start_block):
        # An endpoint without all of history is well where another one has it; what lacks as a whole is said once.
        yield note(chain, _standing(expected, seen))
    if not seen.gives_receipts:
        text = f"{seen.name} does not answer eth_getBlockReceipts: what a bloom leaves open others must answer"
        yield note(chain, text, "have a second endpoint")


def _is_usable(expected: ChainExpected, seen: EndpointSeen) -> bool:
    is_ours = seen.chain_id == expected.chain_id and expected.genesis in (None, seen.genesis)
    gives_logs = seen.logs is not None and seen.logs.answer is LogsAnswer.GIVEN
    return is_ours and gives_logs and seen.has_contract and seen.head_age_seconds <= HEAD_AGE_SECONDS_MAX


def _reaches(seen: EndpointSeen, block: int) -> bool:
    oldest = None if seen.logs is None else seen.logs.oldest
    return oldest is not None and oldest <= block


def _standing(expected: ChainExpected, seen: EndpointSeen) -> str:
    final = "" if seen.finalized is None else f", final {seen.finalized:,}"
    return f"{seen.name}: chain {seen.chain_id}, head {seen.head:,}{final}, {_history(expected, seen.logs)}"


def _history(expected: ChainExpected, logs: LogsSeen | None) -> str:
    if logs is None or logs.oldest is None:
        return "no logs"
    if logs.oldest <= expected.start_block:
        return "logs back to the start block"
    age = "" if logs.oldest_age_seconds is None else f", {shown(logs.oldest_age_seconds)} back"
    return f"logs from about block {logs.oldest:,} on{age}"


def shown(seconds: float) -> str:
    """Return a length of time as people say it."""
    for size, name in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:,.0f} {name}"
    return f"{max(seconds, 0):.0f} s"
