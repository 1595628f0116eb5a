-- Calls of a bank, five-minute counts summed to half hours. The stamps are local; the file ends each day at 21:05, after
-- the last whole half hour.
select
    'bank' as series_id,
    time_bucket(interval 30 minute, ts) at time zone 'America/New_York' as ts,
    sum(calls)::double as y
from read_parquet($feed)
where
    ts at time zone 'America/New_York' >= $since
    and ts at time zone 'America/New_York' < $until
    and ts::time < time '21:00'
group by all
