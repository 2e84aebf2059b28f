"""
Jobs, providers and what belongs to them, as text: what the types of `graphql_api.schema` say, said in SQL.

A number that GraphQL's Int does not hold is an error of the statement, and so the general executor's to tell.
"""

from datetime import timedelta

from psycopg import sql

from graphql_api import life_queries
from graphql_api.compiled.json_text import (
    Expression,
    Literal,
    Parts,
    bare,
    concatenated,
    escaped,
    hexed,
    members,
    moment,
    nullable,
    quoted,
)
from graphql_api.compiled.list_queries import PARTS, write_list
from graphql_api.compiled.selections import Selected
from graphql_api.compiled.statement import Statement, Writer, Writers, typename
from models.reason import STALLED_AFTER
from models.values import Chain, EscrowStatus


def is_covered(field: Selected) -> bool:
    """Say whether a field can be written."""
    kinds = (names for kind, names in _WRITTEN_INSIDE.items() if field.owner.endswith(kind))
    return field.name == "__typename" or (field.owner, field.name) in WRITERS or field.name in next(kinds, ())


def _value(parts: Parts) -> Writer:
    return lambda _, __: parts


def _global_id(kind: str, key: str) -> Parts:
    # Replaced, not translated, which takes three times as long.
    return quoted(f"replace(encode(('{kind}:' || {key})::bytea, 'base64'), E'\\n', '')")


def _integer(column: str) -> Parts:
    return bare(f"{column}::int4")


def _final_through(chain: Chain) -> str:
    return f"coalesce((select final_through from checkpoints where chain = '{chain}'), -1)"


def _source(chain: Chain, timestamp: str) -> Writer:
    """Write the log a row of state came from, null where there is none."""
    block: dict[str, Parts] = {
        "chain": [Literal(f'"{chain.name}"')],
        "number": _integer("it.source_block"),
        "hash": hexed("it.source_hash"),
        "timestamp": moment(timestamp),
        "final": bare(f"it.source_block <= {_final_through(chain)}"),
    }
    own = {"transactionHash": hexed("it.source_transaction"), "logIndex": _integer("it.source_log_index")}

    def of_block(part: Selected) -> Parts:
        return block[part.name] if part.name in block else typename(part)

    def of_source(part: Selected) -> Parts:
        if part.name == "block":
            return members((each.key, of_block(each)) for each in part.parts)
        return own[part.name] if part.name in own else typename(part)

    def write(_: Statement, field: Selected) -> Parts:
        known = f"num_nulls(it.source_block, it.source_hash, {timestamp}, it.source_transaction, it.source_log_index)"
        text = concatenated(members((part.key, of_source(part)) for part in field.parts))
        return [Expression(f"case {known} when 0 then {text} else 'null' end")]

    return write


def _provider_of_job(statement: Statement, field: Selected) -> Parts:
    text = concatenated(statement.object(field.parts))
    found = f"select {text} from providers it where it.wallet_address = owner.key"
    return nullable([Expression(f"(select ({found}) from (select it.provider as key) owner)")])


def _dispatch(statement: Statement, field: Selected) -> Parts:
    asked = sql.SQL("(select owner.job_id, owner.provider) asked")
    return _of_job(statement, field, life_queries.dispatches_of(asked))


def _credit(statement: Statement, field: Selected) -> Parts:
    return _of_job(statement, field, life_queries.credits_of(sql.SQL("array[owner.job_id]")))


def _of_job(statement: Statement, field: Selected, found: sql.Composed) -> Parts:
    """Write the one row that is found for a job, null where there is none."""
    owner = "(select it.job_id, decode(substr(it.provider, 3), 'hex') as provider, it.escrow) owner"
    text = f"select {concatenated(statement.object(field.parts))} from ({found.as_string(None)}) it"
    return nullable([Expression(f"(select ({text}) from {owner})")])


def _jobs_of_provider(statement: Statement, field: Selected) -> Parts:
    listed = concatenated(write_list(statement, field, "jobs", is_owned=True))
    return [Expression(f"(select {listed} from (select it.wallet_address as address) owner)")]


def _jobs(statement: Statement, field: Selected) -> Parts:
    return write_list(statement, field, "jobs")


def _providers(statement: Statement, field: Selected) -> Parts:
    return write_list(statement, field, "providers")


def _one(table: str, key: str) -> Writer:
    def write(statement: Statement, field: Selected) -> Parts:
        _, number = statement.of(field)
        text = concatenated(statement.object(field.parts))
        return nullable([Expression(f"(select {text} from {table} it where it.{key} = ${number})")])

    return write


def _stalled() -> str:
    waited = f"it.now >= it.first_sent_at + interval '{STALLED_AFTER // timedelta(seconds=1)} seconds'"
    unanswered = "it.acknowledged_at is null and it.first_sent_at is not null"
    return f"owner.escrow = '{EscrowStatus.HELD}' and {unanswered} and {waited}"


_MINED_FINALLY = f"it.mined_block <= {_final_through(Chain.OPBNB)}"

# What `models.credit_values.credit_status` says.
_CREDIT_STATUS = f"""case
    when it.adopted then 'ADOPTED'
    when it.mined_block is not null then case when {_MINED_FINALLY} then 'FINAL' else 'MINED' end
    when it.live > 0 then case when it.sent then 'SENT' else 'SIGNED' end
    when it.blocked_reason is not null then 'BLOCKED'
    when it.attempts > 0 then 'REVERTED'
    else 'WAITING' end"""

_EARNED = (
    "coalesce((select sum(claim.amount) from payment_claimed claim "
    "where claim.provider = decode(substr(it.wallet_address, 3), 'hex')), 0)"
)

_WRITTEN_INSIDE = {
    **PARTS,
    "Source": {"block", "transactionHash", "logIndex"},
    "BlockRef": {"chain", "number", "hash", "timestamp", "final"},
}
"""What those who write lists and sources write of them, by the end of a type's name."""

_MOMENTS_OF_JOB = ("assigned", "started", "completed", "failed", "confirmed", "claimed")

WRITERS: Writers = {
    ("Query", "job"): _one("jobs", "job_id"),
    ("Query", "provider"): _one("providers", "wallet_address"),
    ("Query", "jobs"): _jobs,
    ("Query", "providers"): _providers,
    ("Job", "id"): _value(_global_id("Job", "'0x' || encode(it.job_id, 'hex')")),
    ("Job", "jobId"): _value(hexed("it.job_id")),
    ("Job", "renter"): _value(quoted("it.renter")),
    ("Job", "providerAddress"): _value(nullable(quoted("it.provider"))),
    ("Job", "payment"): _value(quoted("it.payment::text")),
    ("Job", "status"): _value(quoted("it.status")),
    ("Job", "escrow"): _value(quoted("it.escrow")),
    ("Job", "hasSpec"): _value(bare("it.has_spec")),
    ("Job", "error"): _value(nullable(escaped("it.error"))),
    ("Job", "createdAt"): _value(moment("it.created_at")),
    ("Job", "updatedAt"): _value(moment("it.updated_at")),
    **{("Job", f"{name}At"): _value(nullable(moment(f"it.{name}_at"))) for name in _MOMENTS_OF_JOB},
    ("Job", "source"): _source(Chain.BSC, "it.created_at"),
    ("Job", "provider"): _provider_of_job,
    ("Job", "dispatch"): _dispatch,
    ("Job", "credit"): _credit,
    ("Provider", "id"): _value(_global_id("Provider", "it.wallet_address")),
    ("Provider", "address"): _value(quoted("it.wallet_address")),
    ("Provider", "gpuModel"): _value(escaped("it.gpu_model")),
    ("Provider", "vramMib"): _value(_integer("it.vram")),
    ("Provider", "isOnline"): _value(bare("it.is_online")),
    ("Provider", "lastSeenAt"): _value(nullable(moment("it.last_seen"))),
    ("Provider", "registeredAt"): _value(nullable(moment("it.registered_at"))),
    ("Provider", "reputationScore"): _value(_integer("it.reputation_score")),
    ("Provider", "totalJobsCompleted"): _value(_integer("it.total_jobs_completed")),
    ("Provider", "updatedAt"): _value(moment("it.updated_at")),
    ("Provider", "source"): _source(Chain.OPBNB, "it.source_time"),
    ("Provider", "earned"): _value(quoted(f"({_EARNED})::text")),
    ("Provider", "jobs"): _jobs_of_provider,
    ("Dispatch", "attempts"): _value(_integer("it.attempts")),
    ("Dispatch", "firstSentAt"): _value(nullable(moment("it.first_sent_at"))),
    ("Dispatch", "lastSentAt"): _value(nullable(moment("it.last_sent_at"))),
    ("Dispatch", "acknowledgedAt"): _value(nullable(moment("it.acknowledged_at"))),
    ("Dispatch", "stalled"): _value(bare(_stalled())),
    ("ReputationCredit", "status"): _value(quoted(_CREDIT_STATUS)),
    ("ReputationCredit", "transactionHash"): _value(nullable(hexed("it.transaction_hash"))),
    ("ReputationCredit", "nonce"): _value(nullable(_integer("it.nonce"))),
    ("ReputationCredit", "attempts"): _value(_integer("it.attempts")),
    ("ReputationCredit", "finalAt"): _value(
        nullable(moment(f"(case when not it.adopted and {_MINED_FINALLY} then it.mined_at end)"))
    ),
}
