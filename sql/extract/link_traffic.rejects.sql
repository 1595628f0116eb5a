-- Polls that link_traffic.sql must not count: the reason, the whole row and its stamp. Grain: one row a bad poll.
-- $since, $until timestamptz, $feed: as in the extract, and the same window. A poll whose stamp cannot be trusted is
-- placed at its day of delivery. A stamp after its own day was not yet known when it was delivered, whatever $until is.
-- A link without a capacity is not in the inventory: unknown. A poll without a reading is one that the device did not
-- answer.
select
    case
        when polled_at is null then 'unparsable_ts'
        when polled_at < timestamptz '2000-01-01 00:00:00+00' or polled_at >= timestamptz '2100-01-01 00:00:00+00'
            then 'ts_out_of_range'
        when polled_at >= day + interval 1 day then 'ts_after_until'
        when link_id is null then 'missing_key'
        when capacity_mbps is null or capacity_mbps <= 0 then 'unknown_key'
        else 'non_finite_value'
    end as reason,
    to_json(poll) as raw,
    polled_at as ts,
    link_id as series_id
from read_parquet($feed, hive_partitioning = true, hive_types = {'day': date}) as poll
where day >= $since::date and day::timestamptz < $until
    and (
        polled_at is null or polled_at < timestamptz '2000-01-01 00:00:00+00' or polled_at >= day + interval 1 day
        or link_id is null or capacity_mbps is null or capacity_mbps <= 0 or octets is null
    )
    and case
        when polled_at >= timestamptz '2000-01-01 00:00:00+00' and polled_at < day + interval 1 day
            then polled_at >= $since and polled_at < time_bucket(interval 1 hour, $until, $since)
        else day::timestamptz >= $since
    end
