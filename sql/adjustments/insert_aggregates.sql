insert into planning.adjusted_aggregates
select
    $stream,
    $origin,
    $run_id,
    level,
    group_key,
    stat,
    period,
    ts,
    $known_at,
    mean,
    q05,
    q10,
    q25,
    q50,
    q75,
    q90,
    q95,
    adjustment_ids
from adjusted_rows
order by level, group_key, stat, period, ts
