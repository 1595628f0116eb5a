-- Single calls of the call-detail feed, to replay plans on: when each arrived, how long its agent was busy. Grain: one
-- row a call. $since, $until timestamptz, $feed: as in the extract, whose header states what is a call. The feed does not
-- say how long callers waited, so waited_seconds is NULL. A handle time over an hour is none: the agent never hung up.
-- The doubled hour of autumn counts as its first pass here; only the extract distinguishes the two.
with feed as not materialized (
    select *, try_cast(arrived_at as timestamp) as stamp
    from read_parquet($feed, hive_partitioning = true, hive_types = {'day': date})
    where day >= (($since at time zone 'America/Toronto') - interval 8 days)::date
        and day::timestamp < ($until at time zone 'America/Toronto') + interval 8 days
),
sound as not materialized (
    select *
    from feed
    where stamp >= timestamp '2000-01-01' and stamp < day + interval 1 day
        and regexp_full_match(queue_id, '[a-z]+\.[a-z]+\.[a-z0-9]+')
        and (handle_seconds is null or (isfinite(handle_seconds) and handle_seconds >= 0))
        and outcome <> 'test'
),
calls as (
    select
        call_id,
        any_value(queue_id) as series_id,
        any_value(stamp) as stamp,
        any_value(handle_seconds) as handle_seconds,
        any_value(outcome) as outcome
    from sound
    group by call_id
    having count(distinct (queue_id, arrived_at, handle_seconds, outcome)) = 1
)
select
    series_id,
    stamp at time zone 'America/Toronto' as arrived_at,
    if(handle_seconds between 1 and 3600, handle_seconds, null) as handle_seconds,
    null::double as waited_seconds,
    outcome = 'answered' as answered
from calls
where arrived_at >= $since and arrived_at < $until
