-- Of every origin in a range that was published: the publication that speaks for it, and what its run was made with.
with spoken as (
    select
        origin,
        arg_max(run_id, published_at) as run_id,
        arg_max(kind, published_at) as kind,
        arg_max(complete, published_at) as complete
    from forecast.publications
    where stream = $stream and kind in ('nightly', 'manual', 'backfill') and origin between $first and $last
    group by origin
)

select
    spoken.origin,
    spoken.run_id,
    spoken.kind,
    runs.model_id,
    spoken.complete and runs.config_hash = $config_hash and runs.code_version = $code_version as is_current,
    runs.snapshot_id
from spoken
inner join forecast.runs as runs on spoken.run_id = runs.run_id
order by spoken.origin
