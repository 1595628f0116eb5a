-- Of every origin in a range that was published: its current publication, and the newest lake from which this code and
-- definition are known to forecast the same: that from which it was issued, or from which a later run found it unchanged.
-- (A run that left a nightly publication alone ended unchanged too.)
with published as (
    select
        origin,
        arg_max(run_id, published_at) as run_id,
        arg_max(kind, published_at) as kind,
        arg_max(complete, published_at) as complete
    from forecast.valid_publications
    where stream = $stream and kind in ('nightly', 'manual', 'backfill') and origin between $first and $last
    group by origin
),

confirmed as (
    select published.origin, max(runs.snapshot_id) as snapshot_id
    from published
    inner join forecast.runs as issued on published.run_id = issued.run_id
    inner join forecast.runs as runs
        on published.origin = runs.origin and issued.model_id is not distinct from runs.model_id
    where
        runs.stream = $stream
        and runs.kind in ('nightly', 'manual', 'backfill')
        and runs.config_hash = $config_hash
        and runs.code_version = $code_version
        and (runs.run_id = published.run_id or (runs.status = 'unchanged' and published.kind <> 'nightly'))
    group by published.origin
)

select
    published.origin,
    published.run_id,
    published.kind,
    runs.model_id,
    case when published.complete then confirmed.snapshot_id end as snapshot_id
from published
inner join forecast.runs as runs on published.run_id = runs.run_id
left join confirmed on published.origin = confirmed.origin
order by published.origin
