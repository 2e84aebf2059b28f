"""What happens in a bazaar, as SQL: fates are cast, facts follow from fates, and state is what the facts amount to."""

FATES = """
create temporary table fates on commit drop as
select n, sha256(int8send(n)) as job_id, fate, payment,
    renter.address as renter, renter.checksum as renter_text,
    case when fate = 'nobody' then decode(repeat('00', 20), 'hex') else provider.address end as provider,
    case when fate <> 'nobody' then provider.checksum end as provider_text,
    created_at,
    case when fate not in ('nobody', 'no spec') and sent_at <= %(closed_at)s then sent_at end as sent_at,
    case when fate in ('silent', 'failed', 'done') and ended_at <= %(closed_at)s then ended_at end as ended_at,
    case when fate = 'done' and confirmed_at <= %(closed_at)s then confirmed_at end as confirmed_at,
    case when fate = 'done' and claimed_at <= %(closed_at)s then claimed_at end as claimed_at
from (
    select n, who, other, created_at,
        (1 + floor(999 * price * price))::numeric * 10000000000000000 as payment,
        case when fate < 0.005 then 'nobody' when fate < 0.015 then 'no spec' when fate < 0.018 then 'unanswered'
            when fate < 0.023 then 'silent' when fate < 0.043 then 'failed' else 'done' end as fate,
        created_at + interval '30 s' as sent_at,
        created_at + interval '1 s' * floor(600 + 5000 * price) as ended_at,
        created_at + interval '1 s' * floor(7200 + 5000 * other) as confirmed_at,
        created_at + interval '1 s' * floor(90000 + 5000 * price) as claimed_at
    from (
        -- Of one number, others between 0 and 1 that seem to have nothing to do with it.
        select n,
            abs(hashint8extended(n, 1) %% 1000000) / 1e6::float8 as who,
            abs(hashint8extended(n, 2) %% 1000000) / 1e6::float8 as other,
            abs(hashint8extended(n, 3) %% 1000000) / 1e6::float8 as price,
            abs(hashint8extended(n, 4) %% 1000000) / 1e6::float8 as fate,
            %(began_at)s + (n - 1) * (%(closed_at)s::timestamptz - %(began_at)s) / %(jobs)s as created_at
        from generate_series(1, %(jobs)s::bigint) as n
    ) dice
) told
join people renter on renter.role = 'renter' and renter.number = floor(%(renters)s * other * other * other)::integer
join people provider on provider.role = 'provider' and provider.number = floor(%(providers)s * who * who * who)::integer
order by n
"""

_BSC = "%(began)s + floor(extract(epoch from {0} - %(began_at)s) / %(bsc)s)::bigint, n, sha256('block'), {0}"
_OPBNB = "%(began)s + floor(extract(epoch from {0} - %(began_at)s) / %(opbnb)s)::bigint, {1}, sha256('block'), {0}"
_LOG = "block_number, log_index, block_hash, block_time, transaction_hash"

FACTS = (
    f"""
    insert into job_created ({_LOG}, job_id, renter, provider, payment)
    select {_BSC.format("created_at")}, sha256('created' || job_id), job_id, renter, provider, payment from fates
    """,
    f"""
    insert into job_confirmed ({_LOG}, job_id, confirmed_at)
    select {_BSC.format("confirmed_at")}, sha256('confirmed' || job_id), job_id, extract(epoch from confirmed_at)
    from fates where confirmed_at is not null order by confirmed_at
    """,
    f"""
    insert into payment_claimed ({_LOG}, job_id, provider, amount)
    select {_BSC.format("claimed_at")}, sha256('claimed' || job_id), job_id, provider, payment
    from fates where claimed_at is not null order by claimed_at
    """,
    """
    insert into job_specs (
        job_id, renter, docker_image, input_url, output_bucket, output_name, submitted_at, has_job
    )
    select job_id, renter, 'ghcr.io/example/inference:1.4.2', 'gnfd://inputs/scene.tar', 'results', n::text,
        created_at + interval '9 s', true
    from fates where fate <> 'no spec' order by job_id
    """,
    """
    insert into dispatches (job_id, attempt, provider, token, decided_at, published_at)
    select job_id, 1, provider, n::text, sent_at, sent_at from fates where sent_at is not null order by job_id
    """,
    """
    insert into agent_reports (job_id, provider, attempt, status, message, output_url, received_at)
    select job_id, provider, 1,
        case fate when 'silent' then 'processing' when 'failed' then 'failed' else 'completed' end,
        case fate when 'failed' then 'out of memory' end,
        case fate when 'done' then 'gnfd://results/' || n end,
        ended_at
    from fates where ended_at is not null order by ended_at
    """,
    # Who is where: `seen_at` is the last heartbeat. Everybody registered in the month before the first job.
    """
    create temporary table stalls on commit drop as
    select number, address, checksum, model,
        (array[24564, 24564, 24564, 12288, 32607, 46068, 81559, 81559, 143771])[model] as vram,
        (array['RTX 4090', 'RTX 4090', 'RTX 3090', 'RTX 3060', 'RTX 5090', 'L40S', 'A100', 'H100', 'H200'])[model]
            as gpu_model,
        %(began_at)s - interval '1 s' * floor(86400 + 2500000 * since) as registered_at,
        case when fate < 0.6 then %(closed_at)s - interval '1 s' * floor(1 + 700 * seen)
            when fate < 0.95 then %(began_at)s + (%(closed_at)s::timestamptz - %(began_at)s) * (0.01 + 0.98 * seen)
        end as seen_at,
        credits, credited_at
    from (
        select number, address, checksum,
            1 + abs(hashint8extended(number, 5) %% 9) as model,
            abs(hashint8extended(number, 6) %% 1000000) / 1e6::float8 as since,
            abs(hashint8extended(number, 7) %% 1000000) / 1e6::float8 as seen,
            abs(hashint8extended(number, 8) %% 1000000) / 1e6::float8 as fate
        from people where role = 'provider'
    ) dice
    left join (
        select provider, count(*) as credits, max(confirmed_at) as credited_at
        from fates where confirmed_at is not null group by provider
    ) credited on credited.provider = address
    order by number
    """,
    f"""
    insert into node_registered ({_LOG}, provider, gpu_model, vram, gpu_model_text)
    select {_OPBNB.format("registered_at", "number")}, sha256(address), address,
        convert_to(gpu_model, 'UTF8'), vram, gpu_model
    from stalls
    """,
    f"""
    insert into node_heartbeat ({_LOG}, provider, timestamp)
    select {_OPBNB.format("at", "2 * number + nth")}, sha256('beat' || address), address, extract(epoch from at)
    from stalls cross join generate_series(0, 1) as nth
    cross join lateral (select seen_at - nth * interval '5 minutes' as at) beat
    where seen_at is not null
    """,
    """
    insert into provider_days (provider, day, beats, first_beat, last_beat, online_seconds)
    select address, day, 288, day + interval '1 s', day + interval '86101 s', 86400 - number %% 40000
    from stalls
    cross join generate_series(0, %(folded_days)s - 1) as ago
    cross join lateral (
        select date_trunc('day', %(closed_at)s::timestamptz, 'UTC') - (ago + 1) * interval '1 day' as day
    ) folded
    where day + interval '1 day' <= seen_at order by day, address
    """,
    f"""
    insert into job_count_incremented ({_LOG}, provider, new_count)
    select {_OPBNB.format("credited_at", "number")}, sha256('credit' || address), address, credits
    from stalls where credits is not null
    """,
)

STATE = (
    """
    insert into jobs (
        job_id, renter, provider, payment, status, escrow, has_spec, output_url, error, created_at, assigned_at,
        started_at, completed_at, failed_at, confirmed_at, claimed_at, updated_at,
        source_block, source_hash, source_transaction, source_log_index
    )
    select job_id, renter_text, provider_text, fates.payment,
        case when ended_at is null then case when sent_at is null then 'CREATED' else 'ASSIGNED' end
            when fate = 'silent' then 'RUNNING' when fate = 'failed' then 'FAILED' else 'COMPLETED' end,
        case when claimed_at is not null then 'CLAIMED' when confirmed_at is not null then 'CONFIRMED' else 'HELD' end,
        fate <> 'no spec',
        case when fate = 'done' and ended_at is not null then 'gnfd://results/' || n end,
        case when fate = 'failed' and ended_at is not null then 'out of memory' end,
        created_at, sent_at, ended_at, case when fate = 'done' then ended_at end,
        case when fate = 'failed' then ended_at end, confirmed_at, claimed_at,
        greatest(created_at, sent_at, ended_at, confirmed_at, claimed_at),
        fact.block_number, fact.block_hash, fact.transaction_hash, fact.log_index
    from fates join job_created fact using (job_id) order by n
    """,
    """
    insert into providers (
        wallet_address, gpu_model, vram, last_seen, is_online, total_jobs_completed, reputation_score, created_at,
        updated_at, registered_at, source_block, source_hash, source_time, source_transaction, source_log_index
    )
    select checksum, stalls.gpu_model, stalls.vram, seen_at,
        coalesce(seen_at >= %(closed_at)s::timestamptz - interval '12 m', false),
        coalesce(credits, 0), coalesce(credits, 0), registered_at, greatest(registered_at, seen_at, credited_at),
        registered_at, fact.block_number, fact.block_hash, fact.block_time, fact.transaction_hash, fact.log_index
    from stalls join node_registered fact on fact.provider = address order by number
    """,
)
