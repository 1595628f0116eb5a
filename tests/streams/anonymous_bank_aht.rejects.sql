-- Calls that cannot be placed, as in anonymous_bank.rejects.sql, and handle times that are no duration.
with calls as (
    select
        trim(type) in ('PS', 'NW', 'NE', 'IN', 'TT', 'PE') as known,
        (
            try_strptime(replace(right(date, 8), '10-08-', '99-08-'), ['%y%m%d', '%y-%m-%d'])
            + try_cast(vru_entry as interval)
        ) at time zone 'Asia/Jerusalem' as ts,
        try_cast(ser_time as double) as seconds,
        to_json(raw)::varchar as raw
    from read_parquet($feed) as raw
    where outcome <> 'PHANTOM'
)

select
    case
        when not known then 'unknown_key'
        when ts is null then 'unparsable_ts'
        when seconds is null then 'unparsable_value'
        when not isfinite(seconds) then 'non_finite_value'
        else 'negative_value'
    end as reason,
    raw,
    ts
from calls
where
    (not known or ts is null or seconds is null or not isfinite(seconds) or seconds < 0)
    and (ts is null or (ts >= $since and ts < $until))
