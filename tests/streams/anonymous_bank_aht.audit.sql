-- Every record of the window: counted, dropped by a named rule of the extract, or (in the rejects) rejected.
with calls as (
    select
        trim(type) in ('PS', 'NW', 'NE', 'IN', 'TT', 'PE') as known,
        (
            try_strptime(replace(right(date, 8), '10-08-', '99-08-'), ['%y%m%d', '%y-%m-%d'])
            + try_cast(vru_entry as interval)
        ) at time zone 'Asia/Jerusalem' as ts,
        try_cast(ser_time as double) as seconds,
        case
            when outcome = 'PHANTOM' then 'dropped: phantom'
            when not known or ts is null or seconds is null or not isfinite(seconds) or seconds < 0 then 'rejected'
            when outcome <> 'AGENT' then 'dropped: not_answered'
            when trim(server) in ('', 'NO_SERVER') then 'dropped: no_agent'
            when seconds = 0 then 'dropped: no_service'
            when seconds > 3600 then 'dropped: over_an_hour'
            else 'counted'
        end as rule
    from read_parquet($feed)
),

windowed as (
    select rule
    from calls
    where ts is null or (ts >= $since and ts < $until)
)

select 'raw' as rule, count(*) as rows from windowed
union all
select 'counted', count_if(rule = 'counted') from windowed
union all
select rule, count(*) from windowed where starts_with(rule, 'dropped') group by rule
