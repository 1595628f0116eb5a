-- Aggregates that a run published more than once.
with twice as (
    select run_id, level, group_key, stat, period, ts
    from forecast.aggregates
    where stream = $stream and origin >= $since
    group by run_id, level, group_key, stat, period, ts
    having count(*) > 1
)

select
    count(*) as failed,
    min(
        run_id
        || ': ' || stat || ' of ' || level || ' ' || group_key
        || ' in the ' || period || ' of ' || ts::varchar
    ) as first
from twice
