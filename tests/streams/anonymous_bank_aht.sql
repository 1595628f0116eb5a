-- Mean handle time of the calls that arrived, by queue and hour, weighted by the calls behind it. No row where no call
-- was handled. Calls arrive as in anonymous_bank.sql. Named rules, the first that fits drops a call from the mean:
--   not_answered  HANG, even where the log gives it a few seconds of service: nobody spoke to the caller
--   no_agent      AGENT without an agent: the log names nobody whose time it took
--   no_service    a service of 0 seconds, which is how this log writes "none"
--   over_an_hour  the agent never hung up; the cap is far beyond the tail, so that it does not bias the mean
-- Services of a few seconds stay: they took the agent's time, and their calls are counted among the arrivals. The
-- duration is ser_time, for ser_exit can lie before ser_start, past midnight.
with calls as (
    select
        trim(type) as series_id,
        time_bucket(
            interval 1 hour,
            (strptime(replace(right(date, 8), '10-08-', '99-08-'), ['%y%m%d', '%y-%m-%d']) + vru_entry::interval)
                at time zone 'Asia/Jerusalem'
        ) as ts,
        try_cast(ser_time as double) as seconds
    from read_parquet($feed)
    where
        outcome = 'AGENT'
        and trim(type) in ('PS', 'NW', 'NE', 'IN', 'TT', 'PE')
        and trim(server) not in ('', 'NO_SERVER')
        and seconds > 0
        and seconds <= 3600
)

select series_id, ts, avg(seconds) as y, count(*)::double as weight, series_id as queue
from calls
where ts >= $since and ts < $until
group by series_id, ts
