-- Versions of demand that are on record more than once.
with twice as (
    select series_id, ts, available_at
    from history.demand
    where stream = $stream and ts >= $since
    group by series_id, ts, available_at
    having count(*) > 1
)

select count(*) as failed, min(series_id || ' at ' || ts::varchar || ' known at ' || available_at::varchar) as first
from twice
