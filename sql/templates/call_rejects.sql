-- Bad events of a call-detail feed, each with its reason; included by call_volume.rejects.sql and call_aht.rejects.sql.
feed as not materialized (
    select
        *,
        try_cast(arrived_at as timestamp) as stamp,
        case
            when stamp is null then 'unparsable_ts'
            when stamp < timestamp '2000-01-01' or stamp >= timestamp '2100-01-01' then 'ts_out_of_range'
            when stamp >= day + interval 1 day then 'ts_after_until'
            when queue_id is null then 'missing_key'
            when not regexp_full_match(queue_id, '[a-z]+\.[a-z]+\.[a-z0-9]+') then 'unknown_key'
            when not isfinite(handle_seconds) then 'non_finite_value'
            when handle_seconds < 0 then 'negative_value'
            when outcome = 'test' then 'test_call'
        end as fault
    from read_parquet(
        $feed, hive_partitioning = true, hive_types = {'day': date}, filename = true, file_row_number = true
    )
    where day >= (($since at time zone 'America/Toronto') - interval 8 days)::date
        and day::timestamp < ($until at time zone 'America/Toronto')
),
sound as not materialized (
    select * from feed where fault is null
),
repeated as materialized (
    select call_id from sound group by call_id having count(*) > 1
),
copies as materialized (
    select
        *,
        row_number() over (partition by call_id order by filename, file_row_number) as copy,
        min(content) over (partition by call_id) <> max(content) over (partition by call_id) as differs
    from (
        select
            call_id, stamp, filename, file_row_number,
            (queue_id, region, queue, skill, arrived_at, handle_seconds, outcome)::text as content
        from sound semi join repeated using (call_id)
    )
),
calls as not materialized (
    select stamp, filename, file_row_number from sound anti join repeated using (call_id)
    union all
    select stamp, filename, file_row_number from copies where copy = 1 and not differs
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
in_doubled as materialized (
    select
        filename, file_row_number,
        stamp < lag(stamp) over (partition by filename order by file_row_number) - interval 30 minutes as steps_back
    from calls join slots on slot = time_bucket(interval 30 minutes, stamp)
    where is_doubled
),
bad as (
    select filename, file_row_number, fault as reason
    from feed
    where fault is not null and fault <> 'test_call'
    union all
    select filename, file_row_number, 'duplicate_key' from copies where differs
    union all
    select filename, file_row_number, 'nonexistent_local_time'
    from calls join slots on slot = time_bucket(interval 30 minutes, stamp)
    where not is_real
    union all
    select filename, file_row_number, 'ambiguous_local_time'
    from in_doubled
    where filename in (select filename from in_doubled group by filename having count_if(steps_back) <> 1)
),
placed as (
    select
        reason,
        to_json({
            'call_id': call_id, 'queue_id': queue_id, 'region': region, 'queue': queue, 'skill': skill,
            'arrived_at': arrived_at, 'handle_seconds': handle_seconds::text, 'outcome': outcome,
            'file': filename, 'row': file_row_number
        }) as raw,
        if(reason in ('unparsable_ts', 'ts_out_of_range', 'ts_after_until'), null, stamp)
            at time zone 'America/Toronto' as ts,
        day::timestamp at time zone 'America/Toronto' as delivered
    from feed join bad using (filename, file_row_number)
),
