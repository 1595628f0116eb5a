-- Calls that arrived, by queue and half hour.
-- Faults of this log: queues with a leading space; every August date reads 2010; a call arrives at date + vru_entry, whose
-- 0:00:00 is midnight (the other times say "none" that way and are not used). Phantoms are no calls. Queue AA is unknown.
-- The clock's doubled hour of September counts as its second pass: the log cannot tell the two apart.
-- Zero: the half hour had calls of some queue, and this queue had called within the four weeks before or since.
with calls as (
    select
        trim(type) as series_id,
        time_bucket(
            interval 30 minute,
            (strptime(replace(right(date, 8), '10-08-', '99-08-'), ['%y%m%d', '%y-%m-%d']) + vru_entry::interval)
                at time zone 'Asia/Jerusalem'
        ) as ts
    from read_parquet($feed)
    where outcome <> 'PHANTOM' and trim(type) in ('PS', 'NW', 'NE', 'IN', 'TT', 'PE')
),

counted as (
    select series_id, ts, count(*) as y
    from calls
    where ts >= $since - interval 28 day and ts < $until
    group by series_id, ts
),

alive as (
    select series_id, min(ts) as since
    from counted
    group by series_id
),

spine as (
    select distinct ts
    from counted
    where ts >= $since
)

select alive.series_id, spine.ts, coalesce(counted.y, 0)::double as y, alive.series_id as queue
from spine
inner join alive on spine.ts >= alive.since
left join counted on spine.ts = counted.ts and alive.series_id = counted.series_id
