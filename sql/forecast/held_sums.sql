-- The aggregates of groups that lie in several blocks, that the lake holds now. groups: those that lie in one.
select level, group_key, stat, period, ts, mean, q05, q10, q25, q50, q75, q90, q95
from forecast.aggregates
where
    run_id = $run_id
    and stream = $stream
    and origin = $origin
    and level <> 'series'
    and level || ':' || group_key not in (select unnest($groups::varchar[]))
