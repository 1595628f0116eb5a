-- Calls of a bank in half hours, summed from five-minute counts with local stamps. Each day ends with five minutes after the
-- last whole half hour, which are left out.
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
