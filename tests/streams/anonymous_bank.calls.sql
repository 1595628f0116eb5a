-- Single calls: when each arrived, how long its agent was busy, how long the caller waited, and for whom.
-- Faults: as in anonymous_bank.sql. A handle time of 0 or over an hour is none (the agent never hung up); durations of
-- midnight crossings are right where the clock times are not. Nobody waited less than nothing.
select
    trim(type) as series_id,
    (strptime(replace(right(date, 8), '10-08-', '99-08-'), ['%y%m%d', '%y-%m-%d']) + vru_entry::interval)
        at time zone 'Asia/Jerusalem' as arrived_at,
    if(outcome = 'AGENT' and ser_time::double between 1 and 3600, ser_time::double, null) as handle_seconds,
    greatest(q_time::double, 0) as waited_seconds,
    outcome = 'AGENT' as answered
from read_parquet($feed)
where
    outcome <> 'PHANTOM'
    and trim(type) in ('PS', 'NW', 'NE', 'IN', 'TT', 'PE')
    and arrived_at >= $since
    and arrived_at < $until
