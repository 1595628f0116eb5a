-- Every record of the window: counted, dropped by a named rule, or (in the rejects) rejected.
with calls as (
    select
        outcome = 'PHANTOM' as phantom,
        trim(type) in ('PS', 'NW', 'NE', 'IN', 'TT', 'PE') as known,
        (
            try_strptime(replace(right(date, 8), '10-08-', '99-08-'), ['%y%m%d', '%y-%m-%d'])
            + try_cast(vru_entry as interval)
        ) at time zone 'Asia/Jerusalem' as ts
    from read_parquet($feed)
),

windowed as (
    select *
    from calls
    where ts is null or (ts >= $since and ts < $until)
)

select 'raw' as rule, count(*) as rows from windowed
union all
select 'counted', count(*) from windowed where not phantom and known and ts is not null
union all
select 'dropped: phantom', count(*) from windowed where phantom
