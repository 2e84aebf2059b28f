"""
Decide what is wrong with what `lamda doctor` saw, and say what to do about it.

Pure: observations come as arguments (`checkup_values`), and who gathers them is `checkup`.
"""

from collections.abc import Iterable, Sequence

from lamda.checkup_values import (
    BusSeen,
    ChainExpected,
    DatabaseSeen,
    EndpointSeen,
    Finding,
    LogsAnswer,
    LogsSeen,
    ProgramsSeen,
    SettingsSeen,
    Verdict,
    WalletSeen,
)
from models.values import Chain, checksum_address, show_bytes

POSTGRES_OLDEST = 150_000
"""The oldest Postgres that our schema is meant for, as the server counts its versions."""

NATS_OLDEST = (2, 10)
"""The first version whose auth callout lets agents in."""

HEAD_AGE_SECONDS_MAX = 60.0
LAG_BLOCKS_MAX = 20
FINALITY_BLOCKS_MAX = {Chain.BSC: 300, Chain.OPBNB: 20_000}
"""How far finality usually trails at most; beyond it the chain's own finality is in trouble."""

FINALITY_APART_MAX = {Chain.BSC: 40, Chain.OPBNB: 2_000}
"""How many blocks fewer than the best an endpoint may usually call final: nothing is final that one of them denies."""

CLOCK_SKEW_SECONDS_MAX = 5.0
CREDIT_GAS = 60_000
CREDITS_LOW = 100
"""An account that can pay for fewer credits than this should be filled up soon."""

WEI = 10**18


def diagnose_settings(seen: SettingsSeen) -> list[Finding]:
    """Return what is wrong with the settings, or that nothing is."""
    found = [
        _failed("settings", problem, "set it in the environment or .env, see .env.example") for problem in seen.problems
    ]
    if seen.insecure_reports:
        text = "INSECURE_AGENT_REPORTS is on: anybody who reaches NATS can report on any job"
        found.append(_note("settings", text, "unset it once every agent signs in"))
    for name in seen.open_files:
        text = f"{name} holds a secret and can be read by every user"
        found.append(_failed("settings", text, f"chmod 600 {name}"))
    if seen.is_production:
        found += _diagnose_production(seen)
    return found or [_well("settings", "all can be read")]


def _diagnose_production(seen: SettingsSeen) -> list[Finding]:
    found = []
    missing = [name for name, has in (("DATABASE_URL", seen.has_database), ("NATS_URL", seen.has_bus)) if not has]
    for name in missing:
        text = f"{name} is unset in production: the embedded server lives and dies with this machine"
        found.append(_note("settings", text, f"set {name}, or back up the data folder"))
    if not seen.has_sign_in_domains:
        text = "SIGN_IN_DOMAINS is unset in production: nobody can sign in, so no spec can be handed in"
        found.append(_failed("settings", text, "set it to the domain of the page that people sign in from"))
    return found


def diagnose_database(seen: DatabaseSeen) -> list[Finding]:
    """Return what is wrong with Postgres, or that nothing is."""
    version = f"{seen.server // 10_000}.{seen.server % 10_000}"
    found = []
    if seen.server < POSTGRES_OLDEST:
        remedy = f"upgrade it to {POSTGRES_OLDEST // 10_000} or newer"
        found.append(_failed("database", f"Postgres {version} at {seen.place} is too old", remedy))
    if seen.is_standby:
        text = f"Postgres at {seen.place} is a standby: nothing can be written there"
        found.append(_failed("database", text, "set DATABASE_URL to the primary server"))
    if seen.schema_trouble is not None:
        found.append(_failed("database", seen.schema_trouble, "docs/operations/upgrade.md tells the order of things"))
    elif (seen.revision or "") < seen.newest:
        text = f"its schema is at {seen.revision}, and the part after the deploy, to {seen.newest}, is left"
        found.append(_note("database", text, "`lamda migrate --after`, when no older version runs any more"))
    if abs(seen.clock_skew_seconds) > CLOCK_SKEW_SECONDS_MAX:
        text = f"its clock and ours are {abs(seen.clock_skew_seconds):.0f} s apart: ages that we show are wrong by that"
        found.append(_note("database", text, "let both machines follow NTP"))
    if seen.connections > 0.9 * seen.connections_max:
        text = f"{seen.connections} of {seen.connections_max} connections are taken"
        found.append(_note("database", text, "raise max_connections, or lower API_DATABASE_CONNECTIONS"))
    return found or [_well("database", f"Postgres {version} at {seen.place}, schema {seen.revision}")]


def diagnose_programs(seen: ProgramsSeen) -> list[Finding]:
    """Return what keeps the indexer and the signer from their work, as they left word in the database."""
    found = []
    for chain in Chain:
        notes = seen.chains.get(chain)
        if notes is None:
            found.append(_note("programs", f"nothing of {chain} is indexed yet", "start `lamda index`"))
        if chain in seen.pauses:
            remedy = "only a person's word lets it go on: `lamda resume` or `lamda reindex`"
            found.append(_failed("programs", f"{chain}: {seen.pauses[chain]}", remedy))
        found += [_note("programs", f"{chain}: {note}") for note in notes or ()]
    for word, reason in seen.signers:
        if word == "HALTED":
            remedy = "find out who used the key, then `lamda credits adopt` (docs/transactions.md)"
            found.append(_failed("programs", f"the signer of credits is halted: {reason}", remedy))
        elif word in ("PAUSED", "SILENT"):
            remedy = "`lamda credits resume`" if word == "PAUSED" else "start `lamda react`"
            found.append(_note("programs", f"the signer of credits is {word.lower()}: {reason}", remedy))
    return found or [_well("programs", "both chains are followed, and no signer waits for a person")]


def diagnose_bus(seen: BusSeen) -> list[Finding]:
    """Return what is wrong with NATS, or that nothing is."""
    found = []
    if _version(seen.version) < NATS_OLDEST:
        text = f"NATS {seen.version} at {seen.place} has no auth callout, by which agents are let in"
        found.append(_failed("bus", text, f"upgrade it to {'.'.join(map(str, NATS_OLDEST))} or newer"))
    if seen.streams_said is not None:
        text = f"NATS at {seen.place} gives us no JetStream: {seen.streams_said}"
        found.append(_failed("bus", text, "switch it on for the account of our user (docs/agents.md)"))
    return found or [_well("bus", f"NATS {seen.version} at {seen.place}, with JetStream")]


def diagnose_chain(expected: ChainExpected, seen: Sequence[EndpointSeen]) -> list[Finding]:
    """Return what is wrong with a chain's endpoints one by one, and with all of them together."""
    found = [finding for each in seen for finding in _diagnose_endpoint(expected, each, seen)]
    usable = [each for each in seen if _is_usable(expected, each)]
    chain, urls = expected.chain, f"{expected.chain.upper()}_RPC_URL"
    if not usable:
        text = "no endpoint is fit to index from: nothing new is read from this chain"
        return [*found, _failed(chain, text, f"name another one in {urls}")]
    if not any(_reaches(each, expected.next_block) for each in usable):
        text = f"no endpoint keeps logs of block {expected.next_block:,}, which is read next: the indexer waits"
        found.append(_failed(chain, text, f"name an archive endpoint in {urls}, too; docs/operations/endpoint.md"))
    elif not any(_reaches(each, expected.start_block) for each in usable):
        text = "no endpoint keeps logs back to the start block: enough to go on, not to read history again"
        found.append(_note(chain, text, f"name an archive endpoint in {urls} before it is needed"))
    if len(usable) == 1:
        text = "there is only one endpoint to ask: nobody gives a second word before an effect, or when it fails"
        found.append(_note(chain, text, f"name a second one of another operator in {urls}"))
    return found


def diagnose_wallet(seen: WalletSeen) -> list[Finding]:
    """Return what keeps an account from signing credits, or how many it can pay for."""
    address = checksum_address(seen.address)
    cost = CREDIT_GAS * max(seen.gas_price, 1)
    left = seen.balance // cost
    found = []
    if seen.owner != seen.address:
        text = f"{address} does not own NodeReputation, {checksum_address(seen.owner)} does: every credit is refused"
        remedy = "give the owner's key, or have the owner call transferOwnership (docs/operations/lost-key.md)"
        found.append(_failed("wallet", text, remedy))
    if left < CREDITS_LOW:
        text = f"{address} holds {seen.balance / WEI:.6f} BNB, enough for about {left:,} credits"
        remedy = f"send BNB to {address} on opBNB"
        found.append(_failed("wallet", text, remedy) if left < 1 else _note("wallet", text, remedy))
    if seen.pending:
        text = f"{seen.pending} of its transactions wait to be mined"
        found.append(_note("wallet", text, "`lamda credits` says for how long; docs/operations/stuck-transaction.md"))
    well = f"{address} owns NodeReputation and holds {seen.balance / WEI:.6f} BNB, for about {left:,} credits"
    return found or [_well("wallet", well)]


def _diagnose_endpoint(expected: ChainExpected, seen: EndpointSeen, all_seen: Sequence[EndpointSeen]) -> list[Finding]:
    chain, urls = expected.chain, f"{expected.chain.upper()}_RPC_URL"
    if seen.trouble is not None or seen.head is None:
        return [_failed(chain, f"{seen.name} does not answer: {seen.trouble}", f"mend it, or take it out of {urls}")]
    if seen.chain_id != expected.chain_id:
        text = f"{seen.name} is of chain {seen.chain_id}, {chain.upper()}_CHAIN_ID says {expected.chain_id}"
        return [_failed(chain, text, f"set {urls} or {chain.upper()}_CHAIN_ID right")]
    if expected.genesis is not None and seen.genesis != expected.genesis:
        text = f"{seen.name} has another genesis block than the chain that this database was made for"
        return [_failed(chain, text, f"set {urls} right, or use another database")]
    found = [*_diagnose_contract(expected, seen), *_diagnose_branch(expected, seen)]
    found += [*_diagnose_head(expected, seen, all_seen), *_diagnose_logs(expected, seen)]
    return found or [_well(chain, _standing(expected, seen))]


def _diagnose_contract(expected: ChainExpected, seen: EndpointSeen) -> Iterable[Finding]:
    if not seen.has_contract:
        where = f"{expected.contract_name} at {checksum_address(expected.contract)}"
        remedy = f"set the address of {expected.contract_name} right"
        yield _failed(expected.chain, f"{seen.name} knows no contract {where}", remedy)


def _diagnose_branch(expected: ChainExpected, seen: EndpointSeen) -> Iterable[Finding]:
    ours = expected.final
    if ours is not None and seen.at_ours not in (None, ours.hash):
        text = (
            f"{seen.name} has another block {ours.number:,} than ours, which was final: it has "
            f"{show_bytes(seen.at_ours or b'')}, and we {show_bytes(ours.hash)}"
        )
        yield _failed(expected.chain, text, "compare with an explorer; docs/operations/deep-reorg.md")


def _diagnose_head(expected: ChainExpected, seen: EndpointSeen, all_seen: Sequence[EndpointSeen]) -> Iterable[Finding]:
    chain, head = expected.chain, seen.head or 0
    best = max(each.head or 0 for each in all_seen if each.chain_id == expected.chain_id)
    if seen.head_age_seconds > HEAD_AGE_SECONDS_MAX:
        text = f"{seen.name} stands still: its newest block is {shown(seen.head_age_seconds)} old"
        yield _failed(chain, text, "name another endpoint first; where all stand still, the chain does")
    elif best - head > LAG_BLOCKS_MAX:
        yield _note(chain, f"{seen.name} is {best - head:,} blocks behind the best of them: it is not used meanwhile")
    yield from _diagnose_finality(expected, seen, all_seen)


def _diagnose_finality(
    expected: ChainExpected, seen: EndpointSeen, all_seen: Sequence[EndpointSeen]
) -> Iterable[Finding]:
    chain, head = expected.chain, seen.head or 0
    same = [each for each in all_seen if each.chain_id == expected.chain_id]
    best = max(each.finalized or 0 for each in same)
    # Whose head is behind has its finality behind, too; that is told already.
    behind = max(each.head or 0 for each in same) - head
    if seen.finalized is None:
        yield _failed(chain, f"{seen.name} does not say what is finalized", "take an endpoint that does")
    elif best - seen.finalized - behind > FINALITY_APART_MAX[chain]:
        text = f"{seen.name} calls final {best - seen.finalized:,} blocks less than the best of them"
        remedy = (
            f"where it stays so, take it out of {chain.upper()}_RPC_URL: what is final is what all of them call final"
        )
        yield _note(chain, text, remedy)
    elif head - seen.finalized > FINALITY_BLOCKS_MAX[chain]:
        text = f"{seen.name}: finality trails {head - seen.finalized:,} blocks behind the head"
        yield _note(
            chain, f"{text}: no effect happens meanwhile", "docs/operations/finality.md says what to do and what not"
        )


def _diagnose_logs(expected: ChainExpected, seen: EndpointSeen) -> Iterable[Finding]:
    chain, urls, logs = expected.chain, f"{expected.chain.upper()}_RPC_URL", seen.logs
    if logs is None or logs.answer is LogsAnswer.REFUSED:
        said = "" if logs is None else f": {logs.said}"
        yield _failed(chain, f"{seen.name} gives no logs{said}", f"ask its operator, or take it out of {urls}")
    elif logs.answer is LogsAnswer.OFF:
        text = f"{seen.name} has eth_getLogs switched off, even for one block: it cannot be indexed from"
        yield _failed(chain, text, f"take it out of {urls} and name another one")
    elif not _reaches(seen, expected.start_block):
        # An endpoint without all of history is well where another one has it; what lacks as a whole is said once.
        yield _note(chain, _standing(expected, seen))
    if not seen.gives_receipts:
        text = f"{seen.name} does not answer eth_getBlockReceipts: what a bloom leaves open others must answer"
        yield _note(chain, text, "have a second endpoint")


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


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("-")[0].split(".") if part.isdigit())


def _well(subject: str, text: str) -> Finding:
    return Finding(subject=subject, verdict=Verdict.WELL, text=text)


def _note(subject: str, text: str, remedy: str | None = None) -> Finding:
    return Finding(subject=subject, verdict=Verdict.NOTE, text=text, remedy=remedy)


def _failed(subject: str, text: str, remedy: str) -> Finding:
    return Finding(subject=subject, verdict=Verdict.FAILED, text=text, remedy=remedy)
