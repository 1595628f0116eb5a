-- The published aggregates of a stream and origin, in its newest publication that is not hindsight.
select level, group_key, stat, period, ts, mean, q05, q10, q25, q50, q75, q90, q95, run_id
from forecast.aggregates
where
    stream = $stream
    and origin = $origin
    and run_id = (
        select arg_max(run_id, published_at)
        from forecast.publications
        where
            stream = $stream
            and origin = $origin
            and kind in ('nightly', 'manual', 'backfill')
            and hindsight is not true
    )
order by level, group_key, stat, period, ts
