-- The calls of a call-detail feed, with their slots on the clock; included by call_volume.sql, whose header states the rules,
-- and by call_aht.sql.
feed as not materialized (
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
    select queue_id, region, queue, skill, stamp, handle_seconds, outcome, filename, file_row_number
    from sound anti join repeated using (call_id)
    union all
    select
        any_value(queue_id), any_value(region), any_value(queue), any_value(skill), any_value(stamp),
        any_value(handle_seconds), any_value(outcome),
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
