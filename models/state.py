"""
What the state of a job or a provider *is*: one SQL query over the facts of its key.

The same query serves the head (keys that a block touched), a rewind (keys that lost facts), the end of a backfill
(keys with facts newer than the state) and a rebuild (all keys); so there is no second code path to drift. This
module only builds the text; `runtime.state_store` runs it. Over facts bounded by a block, the same query answers what
state was as of that block.

A refresh is one statement:

    keys → derived (the query) → upsert what differs, delete what has no facts → (key, kind, before, after)
"""

from dataclasses import dataclass

from models import tables
from models.columns import INT4_MAX
from models.feed import Entity

KEYED = "select unnest(%(keys)s::bytea[]) as key"
"""The scope of a refresh by key; the parameter `keys` is an array of job ids or addresses, each once."""

_JOB = f"""
select
    created.job_id,
    renter.checksum as renter,
    provider.checksum as provider,
    created.payment,
    case
        when coalesce(confirmed.at, claimed.at) is not null or outcome.status = 'completed' then 'COMPLETED'
        when outcome.status = 'failed' then 'FAILED'
        when started.at is not null then 'RUNNING'
        when dispatched.at is not null then 'ASSIGNED'
        else 'CREATED'
    end as status,
    case
        when claimed.at is not null then 'CLAIMED'
        when confirmed.at is not null then 'CONFIRMED'
        else 'HELD'
    end as escrow,
    exists (
        select from job_specs spec where spec.job_id = created.job_id and spec.renter = created.renter
    ) as has_spec,
    case when outcome.status = 'completed' then outcome.output_url end as output_url,
    case when outcome.status = 'failed' and coalesce(confirmed.at, claimed.at) is null then outcome.message end
        as error,
    created.block_time as created_at,
    dispatched.at as assigned_at,
    started.at as started_at,
    least(case when outcome.status = 'completed' then outcome.received_at end, confirmed.at, claimed.at)
        as completed_at,
    case when outcome.status = 'failed' and coalesce(confirmed.at, claimed.at) is null then outcome.received_at end
        as failed_at,
    confirmed.at as confirmed_at,
    claimed.at as claimed_at,
    greatest(
        created.block_time, again.at, dispatched.at, started.at, outcome.received_at, confirmed.at, claimed.at
    ) as updated_at,
    created.block_number as source_block,
    created.block_hash as source_hash,
    created.transaction_hash as source_transaction,
    created.log_index as source_log_index
from keys
cross join lateral (
    -- The first JobCreated with an id wins.
    select * from job_created fact where fact.job_id = keys.key order by block_number, log_index limit 1
) created
join addresses renter on renter.address = created.renter
left join addresses provider on provider.address = created.provider and created.provider <> '\\x{"00" * 20}'::bytea
left join lateral (
    select block_time as at from job_confirmed fact
    where fact.job_id = keys.key order by block_number, log_index limit 1
) confirmed on true
left join lateral (
    select block_time as at from payment_claimed fact
    where fact.job_id = keys.key order by block_number, log_index limit 1
) claimed on true
left join lateral (
    -- A failed job that is to be run once more begins anew: what was sent and said before counts no more.
    select number, asked_at as at from retries fact
    where fact.job_id = keys.key and number > 0 order by number desc limit 1
) again on true
left join lateral (
    select min(published_at) as at from dispatches fact
    where fact.job_id = keys.key and fact.provider = created.provider and fact.retry = coalesce(again.number, 0)
) dispatched on true
left join lateral (
    select min(received_at) as at from agent_reports fact
    where fact.job_id = keys.key and fact.provider = created.provider and fact.retry = coalesce(again.number, 0)
) started on true
left join lateral (
    -- The first outcome an agent reports stays: reports only move a job forward.
    select status, message, output_url, received_at from agent_reports fact
    where fact.job_id = keys.key and fact.provider = created.provider and fact.retry = coalesce(again.number, 0)
        and status in ('completed', 'failed')
    order by id limit 1
) outcome on true
"""

_PROVIDER = f"""
select
    known.checksum as wallet_address,
    coalesce(registered.gpu_model_text, '') as gpu_model,
    least(coalesce(registered.vram, 0), {INT4_MAX})::integer as vram,
    beats.last_at as last_seen,
    coalesce(beats.last_at >= %(online_since)s, false) as is_online,
    least(coalesce(credited.new_count, 0), {INT4_MAX})::integer as total_jobs_completed,
    least(coalesce(credited.new_count, 0), {INT4_MAX})::integer as reputation_score,
    least(first_registered.block_time, beats.first_at, first_credited.block_time) as created_at,
    greatest(registered.block_time, beats.last_at, credited.block_time) as updated_at,
    first_registered.block_time as registered_at,
    registered.block_number as source_block,
    registered.block_hash as source_hash,
    registered.block_time as source_time,
    registered.transaction_hash as source_transaction,
    registered.log_index as source_log_index
from keys
join addresses known on known.address = keys.key
left join lateral (
    select * from node_registered fact where fact.provider = keys.key order by block_number desc, log_index desc limit 1
) registered on true
left join lateral (
    select block_time from node_registered fact where fact.provider = keys.key order by block_number, log_index limit 1
) first_registered on true
cross join lateral (
    -- Of old heartbeats only their days are left.
    select min(at) as first_at, max(at) as last_at from (
        (
            select block_time as at from node_heartbeat fact
            where fact.provider = keys.key order by block_number, log_index limit 1
        )
        union all
        (
            select block_time from node_heartbeat fact
            where fact.provider = keys.key order by block_number desc, log_index desc limit 1
        )
        union all
        (select first_beat from provider_days folded where folded.provider = keys.key order by day limit 1)
        union all
        (select last_beat from provider_days folded where folded.provider = keys.key order by day desc limit 1)
    ) as ends
) beats
left join lateral (
    select new_count, block_time from job_count_incremented fact
    where fact.provider = keys.key order by block_number desc, log_index desc limit 1
) credited on true
left join lateral (
    select block_time from job_count_incremented fact
    where fact.provider = keys.key order by block_number, log_index limit 1
) first_credited on true
where coalesce(registered.block_time, beats.last_at, credited.block_time) is not null
"""

_SEEN = "coalesce(last_seen, '-infinity'::timestamptz)"
"""When a provider was seen last, as the index providers_by_last_seen has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Derivation:
    """
    How one state table follows from facts.

    `derive` is the query over a `keys` relation; `rows` is the condition that a row of the state table is one of
    `keys`; `shown` and `watched` say how a change names the row and which columns a filter can ask for (the row
    is called `it`). `facts` are the fact tables with their key column, `folded` the tables that stand for facts
    dropped since. `lock_class` sets its advisory locks apart. `stale` finds the keys whose state the passing of block
    time changes, where there are such.
    """

    entity: Entity
    table: str
    key: str
    columns: tuple[str, ...]
    derive: str
    rows: str
    shown: str
    watched: str
    facts: tuple[tuple[str, str], ...]
    lock_class: int
    folded: tuple[tuple[str, str], ...] = ()
    stale: str | None = None

    def refresh(self, keys: str = KEYED) -> str:
        """Return the statement that brings the rows of `keys` in line and returns (key, kind, before, after)."""
        return f"""
{self._apply(keys)}
select {self.shown}, case when old.{self.key} is null then 'CREATED' else 'UPDATED' end as kind,
    case when old.{self.key} is not null then {self.watched.replace("it.", "old.")} end as before,
    {self.watched} as after
from upserted it left join old using ({self.key})
union all
select {self.shown}, 'REMOVED', {self.watched}, null from old it join removed using ({self.key})
"""

    def refresh_in_bulk(self, keys: str) -> str:
        """Return the same, for many keys: it returns one row, the number of state rows written or removed."""
        return f"{self._apply(keys)} select (select count(*) from upserted) + (select count(*) from removed)"

    def show(self) -> str:
        """Return the query for (key, watched columns) of the rows of `keys`, as they are."""
        return f"with keys as ({KEYED}) select {self.shown}, {self.watched} from {self.table} it where {self.rows}"

    def as_of(self, keys: str = KEYED) -> str:
        """
        Return the query for the state of `keys` as the facts in the blocks up to `through` make it.

        Of days, which no block bounds, those up to `folded_through` count.
        """
        bounds = [bounded(table) for table, _ in self.facts]
        bounds += [bounded(table, "day <= %(folded_through)s") for table, _ in self.folded]
        return f"with keys as ({keys}), {', '.join(bounds)} {self.derive}"

    def every_key(self) -> str:
        """Return the scope of a rebuild: each key that has a fact, or had one."""
        return " union ".join(f"select {column} as key from {table}" for table, column in self.facts + self.folded)

    def keys_since(self) -> str:
        """Return the scope of keys with a fact in a block above `since`: facts go only once state follows from them."""
        return " union ".join(
            f"select {column} as key from {table} where block_number > %(since)s" for table, column in self.facts
        )

    def _apply(self, keys: str) -> str:
        columns = ", ".join(self.columns)
        excluded, wanted, had = (
            ", ".join(f"{of}.{column}" for column in self.columns) for of in ("excluded", "wanted", "old")
        )
        return f"""
with keys as materialized ({keys}),
derived as materialized ({self.derive}),
old as materialized (select it.* from {self.table} it where {self.rows}),
removed as (
    delete from {self.table} gone using old
    where gone.{self.key} = old.{self.key} and not exists (select from derived where {self.key} = old.{self.key})
    returning gone.{self.key}
),
upserted as (
    -- In the order of the chain, so that most indexes grow at one end.
    insert into {self.table} ({columns})
    select {wanted} from derived wanted left join old using ({self.key})
    where old.{self.key} is null or ({wanted}) is distinct from ({had})
    order by wanted.source_block, wanted.source_log_index
    on conflict ({self.key}) do update set ({columns}) = row({excluded})
    returning *
)
"""


def bounded(table: str, condition: str = "block_number <= %(through)s") -> str:
    """Return a part of `with` that hides all but some rows of a table from the query behind it."""
    return f"{table} as not materialized (select * from {table} where {condition})"


def _columns(table: type) -> tuple[str, ...]:
    names: list[str] = table.__table__.columns.keys()  # type: ignore[attr-defined]  # SQLModel adds it at run time.
    return tuple(name for name in names if name != "id")


JOBS = Derivation(
    entity=Entity.JOB,
    table="jobs",
    key="job_id",
    columns=_columns(tables.Job),
    derive=_JOB,
    rows="it.job_id in (select key from keys)",
    shown="'0x' || encode(it.job_id, 'hex')",
    watched="""jsonb_build_object(
        'status', it.status, 'escrow', it.escrow, 'renter', it.renter, 'provider', it.provider,
        'payment', it.payment::text, 'created_at', it.created_at)""",
    facts=(("job_created", "job_id"), ("job_confirmed", "job_id"), ("payment_claimed", "job_id")),
    lock_class=1,
)

PROVIDERS = Derivation(
    entity=Entity.PROVIDER,
    table="providers",
    key="wallet_address",
    columns=_columns(tables.Provider),
    derive=_PROVIDER,
    rows="it.wallet_address in (select checksum from keys join addresses on address = key)",
    shown="it.wallet_address",
    watched="""jsonb_build_object(
        'is_online', it.is_online, 'gpu_model', it.gpu_model, 'vram', it.vram,
        'reputation_score', it.reputation_score)""",
    facts=(("node_registered", "provider"), ("node_heartbeat", "provider"), ("job_count_incremented", "provider")),
    lock_class=2,
    folded=(("provider_days", "provider"),),
    # Uses the index providers_by_last_seen from both sides. The outer bounds leave nothing out: they tell the planner
    # how little there is between them; it takes the two columns to be unrelated, and would read the whole table.
    stale=f"""
        select decode(substr(wallet_address, 3), 'hex') as key from (
            select wallet_address from providers
            where is_online and {_SEEN} < %(online_since)s
                and {_SEEN} >= (select min({_SEEN}) from providers where is_online)
            union all
            select wallet_address from providers
            where not is_online and {_SEEN} >= %(online_since)s
                and {_SEEN} <= (select max({_SEEN}) from providers where not is_online)
        ) as turned""",
)
