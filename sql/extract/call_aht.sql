-- Mean handle time in seconds of the answered calls that arrived in an hour, by queue, from call-detail events; weight is
-- the number of those calls. Grain: (series_id, ts); no row where no call was answered, for a mean of nothing is unknown.
-- $since, $until timestamptz (whole intervals that end by $until); $feed glob of Parquet files under day=YYYY-MM-DD
-- (local day of delivery, so that late rows lie in a later day). It reads from eight days before $since, to judge repeated
-- calls as call_volume.sql does.
--
-- Calls are placed and judged as in call_volume.sql, whose header states the rules of stamps, the doubled hour of autumn,
-- test_call and repeated_delivery; call_aht.rejects.sql rejects what call_volume.rejects.sql does. Further named rules:
-- not_answered (an outcome other than 'answered', whatever its handle time), no_handle_time (answered, but none or 0 is
-- recorded), over_an_hour (the agent never hung up). These calls are dropped from the mean and counted among the calls
-- offered. A cap far beyond the tail takes away what is no handle time without trimming the tail, which would bias the
-- mean; calls of a few seconds stay, for they are calls.
with
-- include templates/calls.sql
placed as (
    select queue_id, region, queue, skill, ts, handle_seconds, outcome
    from calls join slots on slot = time_bucket(interval 30 minutes, stamp)
    where is_real and not is_doubled
    union all
    select queue_id, region, queue, skill, ts - if(pass = 0, interval 1 hour, interval 0 hours), handle_seconds, outcome
    from passes
    where steps_back = 1
)
select
    queue_id as series_id,
    time_bucket(interval 1 hour, ts) as ts,
    avg(handle_seconds::double) as y,
    count(*)::double as weight,
    any_value(region) as region,
    any_value(queue) as queue,
    any_value(skill) as skill
from placed
where
    outcome = 'answered'
    and handle_seconds > 0
    and handle_seconds <= 3600
    and ts >= $since
    and ts < time_bucket(interval 1 hour, $until)
group by all
