-- Calls offered to a queue in half an hour, counted from call-detail events. Grain: (series_id, ts).
-- $since, $until timestamptz (whole intervals that end by $until); $feed glob of Parquet files under day=YYYY-MM-DD
-- (local day of delivery, so that late rows lie in a later day). It reads from seven days before $since, for the zeros.
--
-- `arrived_at` is text, local in America/Toronto, without offset. A stamp that does not exist on the clock is
-- rejected. In the doubled hour of autumn rows follow each other as they arrived: where the clock steps back by more
-- than 30 minutes from one row of that hour to the next, once in its file, the rows before are the first pass and the
-- rows after it the second; a file that does not step back exactly once has its doubled hour rejected.
-- Named rules: test_call (outcome 'test' is a technician's, dropped); repeated_delivery (a call delivered again,
-- equal in every column, counts once). Call ids that come with different values are rejected, every copy.
-- Zeros: a queue has one in every interval in which any queue had a call, for seven days after each call of its own.
-- So a new queue starts at its first call, a retired one ends a week after its last, and every window that is pulled
-- says the same. call_volume.rejects.sql judges rows by the same rules.
with feed as not materialized (
    select *, try_cast(arrived_at as timestamp) as stamp
    from read_parquet(
        $feed, hive_partitioning = true, hive_types = {'day': date}, filename = true, file_row_number = true
    )
    where day >= (($since at time zone 'America/Toronto') - interval 8 days)::date
        and day::timestamp < ($until at time zone 'America/Toronto')
),
sound as not materialized (
    select *
    from feed
    where stamp >= timestamp '2000-01-01' and stamp < day + interval 1 day
        and regexp_full_match(queue_id, '[a-z]+\.[a-z]+\.[a-z0-9]+')
        and (handle_seconds is null or (isfinite(handle_seconds) and handle_seconds >= 0))
        and outcome <> 'test'
),
repeated as materialized (
    select call_id from sound group by call_id having count(*) > 1
),
calls as not materialized (
    select queue_id, region, queue, skill, stamp, filename, file_row_number
    from sound anti join repeated using (call_id)
    union all
    select
        any_value(queue_id), any_value(region), any_value(queue), any_value(skill), any_value(stamp),
        first(filename order by filename, file_row_number), first(file_row_number order by filename, file_row_number)
    from sound semi join repeated using (call_id)
    group by call_id
    having count(distinct (queue_id, region, queue, skill, arrived_at, handle_seconds, outcome)) = 1
),
slots as materialized (
    select
        slot,
        slot at time zone 'America/Toronto' as ts,
        (ts at time zone 'America/Toronto') = slot as is_real,
        ((ts - interval 1 hour) at time zone 'America/Toronto') = slot as is_doubled
    from generate_series(
        date_trunc('day', ($since at time zone 'America/Toronto') - interval 8 days),
        $until at time zone 'America/Toronto',
        interval 30 minutes
    ) as grid(slot)
),
passes as (
    select
        *,
        sum(step_back) over (partition by filename order by file_row_number) as pass,
        sum(step_back) over (partition by filename) as steps_back
    from (
        select
            calls.*, slots.ts,
            coalesce(
                stamp < lag(stamp) over (partition by filename order by file_row_number) - interval 30 minutes, false
            )::int as step_back
        from calls join slots on slot = time_bucket(interval 30 minutes, stamp)
        where is_doubled
    )
),
counted as (
    select queue_id, region, queue, skill, ts, n
    from (
        select queue_id, region, queue, skill, time_bucket(interval 30 minutes, stamp) as slot, count(*) as n
        from calls
        group by all
    ) join slots using (slot)
    where is_real and not is_doubled
    union all
    select queue_id, region, queue, skill, ts - if(pass = 0, interval 1 hour, interval 0 hours), count(*)
    from passes
    where steps_back = 1
    group by all
),
demand as materialized (
    select
        queue_id, ts, sum(n) as n, any_value(region) as region, any_value(queue) as queue, any_value(skill) as skill
    from counted
    where ts < time_bucket(interval 30 minutes, $until)
    group by queue_id, ts
),
filled as (
    select
        queue_id, spine.ts, coalesce(n, 0) as n,
        last_value(demand.ts ignore nulls) over before as last_call,
        last_value(region ignore nulls) over before as region,
        last_value(queue ignore nulls) over before as queue,
        last_value(skill ignore nulls) over before as skill
    from (select distinct queue_id from demand)
        cross join (select distinct ts from demand) as spine
        left join demand using (queue_id, ts)
    window before as (partition by queue_id order by spine.ts)
)
select queue_id as series_id, ts, n::double as y, region, queue, skill
from filled
where ts >= $since and ts - last_call < interval 7 days
