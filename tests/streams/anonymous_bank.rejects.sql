-- Calls that cannot be counted: their queue is unknown, or their arrival cannot be read.
with calls as (
    select
        trim(type) in ('PS', 'NW', 'NE', 'IN', 'TT', 'PE') as known,
        (
            try_strptime(replace(right(date, 8), '10-08-', '99-08-'), ['%y%m%d', '%y-%m-%d'])
            + try_cast(vru_entry as interval)
        ) at time zone 'Asia/Jerusalem' as ts,
        to_json(raw)::varchar as raw
    from read_parquet($feed) as raw
    where outcome <> 'PHANTOM'
)

select
    case when known then 'unparsable_ts' else 'unknown_key' end as reason,
    raw,
    ts
from calls
where (not known or ts is null) and (ts is null or (ts >= $since and ts < $until))
