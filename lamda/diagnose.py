"""
Decide what is wrong with what `lamda doctor` saw, and say what to do about it.

Pure: observations come as arguments (`checkup_values`), and who gathers them is `checkup`.
"""

from lamda.checkup_values import (
    BusSeen,
    DatabaseSeen,
    Finding,
    ProgramsSeen,
    SettingsSeen,
    WalletSeen,
    failed,
    note,
    well,
)
from models.values import Chain, checksum_address

POSTGRES_OLDEST = 150_000
"""The oldest Postgres that our schema is meant for, as the server counts its versions."""

NATS_OLDEST = (2, 10)
"""The first version whose auth callout lets agents in."""

CLOCK_SKEW_SECONDS_MAX = 5.0
CREDIT_GAS = 60_000
CREDITS_LOW = 100
"""An account that can pay for fewer credits than this should be filled up soon."""

WEI = 10**18


def diagnose_settings(seen: SettingsSeen) -> list[Finding]:
    """Return what is wrong with the settings, or that nothing is."""
    found = [
        failed("settings", problem, "set it in the environment or .env, see .env.example") for problem in seen.problems
    ]
    if seen.insecure_reports:
        text = "INSECURE_AGENT_REPORTS is on: anybody who reaches NATS can report on any job"
        found.append(note("settings", text, "unset it once every agent signs in"))
    for name in seen.open_files:
        text = f"{name} holds a secret and can be read by every user"
        found.append(failed("settings", text, f"chmod 600 {name}"))
    if seen.is_production:
        found += _diagnose_production(seen)
    return found or [well("settings", "all can be read")]


def _diagnose_production(seen: SettingsSeen) -> list[Finding]:
    found = []
    missing = [name for name, has in (("DATABASE_URL", seen.has_database), ("NATS_URL", seen.has_bus)) if not has]
    for name in missing:
        text = f"{name} is unset in production: the embedded server lives and dies with this machine"
        found.append(note("settings", text, f"set {name}, or back up the data folder"))
    if not seen.has_sign_in_domains:
        text = "SIGN_IN_DOMAINS is unset in production: nobody can sign in, so no spec can be handed in"
        found.append(failed("settings", text, "set it to the domain of the page that people sign in from"))
    return found


def diagnose_database(seen: DatabaseSeen) -> list[Finding]:
    """Return what is wrong with Postgres, or that nothing is."""
    version = f"{seen.server // 10_000}.{seen.server % 10_000}"
    found = []
    if seen.server < POSTGRES_OLDEST:
        remedy = f"upgrade it to {POSTGRES_OLDEST // 10_000} or newer"
        found.append(failed("database", f"Postgres {version} at {seen.place} is too old", remedy))
    if seen.is_standby:
        text = f"Postgres at {seen.place} is a standby: nothing can be written there"
        found.append(failed("database", text, "set DATABASE_URL to the primary server"))
    if seen.schema_trouble is not None:
        found.append(failed("database", seen.schema_trouble, "docs/operations/upgrade.md tells the order of things"))
    elif (seen.revision or "") < seen.newest:
        text = f"its schema is at {seen.revision}, and the part after the deploy, to {seen.newest}, is left"
        found.append(note("database", text, "`lamda migrate --after`, when no older version runs any more"))
    if abs(seen.clock_skew_seconds) > CLOCK_SKEW_SECONDS_MAX:
        text = f"its clock and ours are {abs(seen.clock_skew_seconds):.0f} s apart: ages that we show are wrong by that"
        found.append(note("database", text, "let both machines follow NTP"))
    if seen.connections > 0.9 * seen.connections_max:
        text = f"{seen.connections} of {seen.connections_max} connections are taken"
        found.append(note("database", text, "raise max_connections, or lower API_DATABASE_CONNECTIONS"))
    return found or [well("database", f"Postgres {version} at {seen.place}, schema {seen.revision}")]


def diagnose_programs(seen: ProgramsSeen) -> list[Finding]:
    """Return what keeps the indexer and the signer from their work, as they left word in the database."""
    found = []
    for chain in Chain:
        notes = seen.chains.get(chain)
        if notes is None:
            found.append(note("programs", f"nothing of {chain} is indexed yet", "start `lamda index`"))
        if chain in seen.pauses:
            remedy = "only a person's word lets it go on: `lamda resume` or `lamda reindex`"
            found.append(failed("programs", f"{chain}: {seen.pauses[chain]}", remedy))
        found += [note("programs", f"{chain}: {each}") for each in notes or ()]
    for word, reason in seen.signers:
        if word == "HALTED":
            remedy = "find out who used the key, then `lamda credits adopt` (docs/transactions.md)"
            found.append(failed("programs", f"the signer of credits is halted: {reason}", remedy))
        elif word in ("PAUSED", "SILENT"):
            remedy = "`lamda credits resume`" if word == "PAUSED" else "start `lamda react`"
            found.append(note("programs", f"the signer of credits is {word.lower()}: {reason}", remedy))
    return found or [well("programs", "both chains are followed, and no signer waits for a person")]


def diagnose_bus(seen: BusSeen) -> list[Finding]:
    """Return what is wrong with NATS, or that nothing is."""
    found = []
    if _version(seen.version) < NATS_OLDEST:
        text = f"NATS {seen.version} at {seen.place} has no auth callout, by which agents are let in"
        found.append(failed("bus", text, f"upgrade it to {'.'.join(map(str, NATS_OLDEST))} or newer"))
    if seen.streams_said is not None:
        text = f"NATS at {seen.place} gives us no JetStream: {seen.streams_said}"
        found.append(failed("bus", text, "switch it on for the account of our user (docs/agents.md)"))
    return found or [well("bus", f"NATS {seen.version} at {seen.place}, with JetStream")]


def diagnose_wallet(seen: WalletSeen) -> list[Finding]:
    """Return what keeps an account from signing credits, or how many it can pay for."""
    address = checksum_address(seen.address)
    cost = CREDIT_GAS * max(seen.gas_price, 1)
    left = seen.balance // cost
    found = []
    if seen.owner != seen.address:
        text = f"{address} does not own NodeReputation, {checksum_address(seen.owner)} does: every credit is refused"
        remedy = "give the owner's key, or have the owner call transferOwnership (docs/operations/lost-key.md)"
        found.append(failed("wallet", text, remedy))
    if left < CREDITS_LOW:
        text = f"{address} holds {seen.balance / WEI:.6f} BNB, enough for about {left:,} credits"
        remedy = f"send BNB to {address} on opBNB"
        found.append(failed("wallet", text, remedy) if left < 1 else note("wallet", text, remedy))
    if seen.pending:
        text = f"{seen.pending} of its transactions wait to be mined"
        found.append(note("wallet", text, "`lamda credits` says for how long; docs/operations/stuck-transaction.md"))
    pays = f"{address} owns NodeReputation and holds {seen.balance / WEI:.6f} BNB, for about {left:,} credits"
    return found or [well("wallet", pays)]


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("-")[0].split(".") if part.isdigit())
