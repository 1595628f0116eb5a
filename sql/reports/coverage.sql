-- People at work beyond those needed in the weeks of the plan's shifts, by pool and day, and by hour where asked for: the
-- fewest of the span. People on a break do not count. The first hours of the first week belong to shifts of a week before,
-- which the plan does not hold, and are left out.
with needed as (
    select pool_id, ts, ts at time zone $zone as local_time, rostered
    from analyst.staffing_as_of('infinity'::timestamptz)
    where stream = $stream and origin = $origin and confidence = $confidence and ts < $until
),

shifts as (
    select pool_id, week, ts, until, from_json(breaks, '[["TIMESTAMPTZ"]]') as breaks
    from analyst.shifts_as_of('infinity'::timestamptz)
    where stream = $stream and origin = $origin
),

pauses as (
    select pool_id, unnest(breaks)[1] as ts, unnest(breaks)[2] as until
    from shifts
),

planned as (
    select
        pool_id,
        week,
        max(until) at time zone $zone - interval 7 days as before_until,
        row_number() over (partition by pool_id order by week) as place
    from shifts
    group by pool_id, week
),

present as (
    select needed.pool_id, needed.ts, count(*) as people
    from needed
    inner join shifts on needed.pool_id = shifts.pool_id and needed.ts >= shifts.ts and needed.ts < shifts.until
    group by all
),

away as (
    select needed.pool_id, needed.ts, count(*) as people
    from needed
    inner join pauses on needed.pool_id = pauses.pool_id and needed.ts >= pauses.ts and needed.ts < pauses.until
    group by all
),

covered as (
    select
        needed.pool_id,
        needed.local_time,
        coalesce(present.people, 0) - coalesce(away.people, 0) - needed.rostered as spare
    from needed
    inner join planned
        on needed.pool_id = planned.pool_id
        and date_trunc('week', needed.local_time) = planned.week
        and (planned.place > 1 or needed.local_time >= planned.before_until)
    left join present on needed.pool_id = present.pool_id and needed.ts = present.ts
    left join away on needed.pool_id = away.pool_id and needed.ts = away.ts
)

select
    pool_id as pool,
    local_time::date as day,
    if($by_hour, hour(local_time), null) as hour,
    min(spare) as spare,
    sum(greatest(-spare, 0)) * $minutes / 60 as short_hours,
    strftime(min(local_time) filter (where spare < 0), '%H:%M') as first_time,
    strftime(max(local_time + to_minutes($minutes)) filter (where spare < 0), '%H:%M') as last_time
from covered
group by all
having $by_hour or min(spare) < 0
order by if($by_hour, 0, -short_hours), pool, day, hour
limit $most
