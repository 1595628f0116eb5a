-- Of every origin in a range that was published: the publication that speaks for it, and the newest lake that is known to say
-- the same by this code and definition: that from which it was issued, or from which a later run found it unchanged. (A run
-- that left a nightly publication alone ended unchanged too.)
with spoken as (
    select
        origin,
        arg_max(run_id, published_at) as run_id,
        arg_max(kind, published_at) as kind,
        arg_max(complete, published_at) as complete
    from forecast.publications
    where stream = $stream and kind in ('nightly', 'manual', 'backfill') and origin between $first and $last
    group by origin
),

confirmed as (
    select spoken.origin, max(runs.snapshot_id) as snapshot_id
    from spoken
    inner join forecast.runs as said on spoken.run_id = said.run_id
    inner join forecast.runs as runs on spoken.origin = runs.origin and said.model_id is not distinct from runs.model_id
    where
        runs.stream = $stream
        and runs.kind in ('nightly', 'manual', 'backfill')
        and runs.config_hash = $config_hash
        and runs.code_version = $code_version
        and (runs.run_id = spoken.run_id or (runs.status = 'unchanged' and spoken.kind <> 'nightly'))
    group by spoken.origin
)

select
    spoken.origin,
    spoken.run_id,
    spoken.kind,
    runs.model_id,
    case when spoken.complete then confirmed.snapshot_id end as snapshot_id
from spoken
inner join forecast.runs as runs on spoken.run_id = runs.run_id
left join confirmed on spoken.origin = confirmed.origin
order by spoken.origin
