-- Chance that a pool meets its target in an hour with the agents of the plan, on two local days.
select
    pool_id as pool,
    (ts at time zone $zone)::date as day,
    hour(ts at time zone $zone) as hour,
    avg(met) as chance,
    max(confidence) as asked_for
from analyst.staffing_as_of('infinity'::timestamptz)
where stream = $stream and origin = $origin and confidence = $confidence and ts >= $since and ts < $until
group by all
order by pool, day, hour
