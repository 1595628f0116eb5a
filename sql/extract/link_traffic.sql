-- Mean traffic of a link in an hour, Mbit/s, from cumulative octet counters that are polled every five minutes.
-- Grain: (series_id, ts). $since timestamptz, the start of an hour of the stream's grid (at half past a UTC hour in
-- Asia/Kolkata); $until timestamptz (whole hours that end by it); $feed glob of Parquet files under day=YYYY-MM-DD (UTC
-- day of delivery). It reads from an hour before $since, for the poll that the first hour starts from, and numbers hours
-- from there.
--
-- The octets between two polls belong to the hour of the later one; y is an hour's octets over the seconds that they
-- span. A missing poll costs nothing inside an hour, since the counter goes on counting. Across a gap of more than 30
-- minutes from one hour to the next nothing is counted. An hour that is covered for less than half is absent:
-- missing, never 0. A restart moves counting_since (IF-MIB ifCounterDiscontinuityTime): what flowed across it is
-- unknown, its time uncovered. A counter that falls without that has wrapped if the wrapped step fits the line rate
-- and a tenth, else it restarted unannounced. A step so long that the counter could have wrapped twice is unknown; an hour
-- that is lost to such steps has y NULL, and the attribute counter_wraps says why (a link may have no other hours).
-- Named rule repeated_poll: a poll delivered again changes nothing.
--
-- censored: true where the hour's mean ran at 0.95 of the line rate or more, and so dropped traffic within the hour: it
-- is a lower bound of demand. What exceeds the line rate by more than a tenth is a fault, no bound. Elsewhere it is
-- NULL, not false: history that was ingested before there was this column has NULL, and a value in which nothing
-- changed must not come again as a new version. Attribute router: the link's device, whose links are parallel.
--
-- Rows are not given their predecessors, which would sort them all. They are first grouped into runs that grow by
-- construction, whose octets are max - min: an hour of one count (counting_since) in one half of the 64-bit range; a
-- 32-bit counter wraps too often, and each of its polls is a run. Only the runs, twelve times fewer, are put in order
-- and joined. A run that grows beyond the line rate hides an unannounced restart, or another unit: it is taken apart
-- into its polls.
with polls as not materialized (
    select
        link_id, region, site, capacity_mbps, counter_bits, octets,
        epoch_us(polled_at) as polled_us,
        (polled_us - epoch_us($since - interval 1 hour)) // 3600000000 as hour,
        epoch_us(counting_since) as counting_us,
        if(counter_bits = 32, polled_us, 2 * counting_us + (octets >> 63)::bigint) as run
    from read_parquet($feed, hive_partitioning = true, hive_types = {'day': date})
    where day >= ($since - interval 1 hour)::date and day::timestamp < $until::timestamp
        and polled_at >= $since - interval 1 hour and polled_at < time_bucket(interval 1 hour, $until, $since)
        and polled_at < day + interval 1 day
        and link_id is not null and octets is not null and capacity_mbps > 0
),
runs as materialized (
    select
        link_id, hour, run,
        any_value(region) as region, any_value(site) as site,
        max(capacity_mbps) as capacity_mbps, max(counter_bits) as counter_bits, max(counting_us) as counting_us,
        min(polled_us) as first_us, max(polled_us) as last_us, min(octets) as first_octets, max(octets) as last_octets,
        (last_octets - first_octets) > 1.1 * 125000 * 3600 * max(capacity_mbps) as is_steep
    from polls
    group by link_id, hour, run
),
parts as (
    select * exclude (run, is_steep) from runs where not is_steep
    union all by name
    select distinct
        polls.* exclude (octets, polled_us, run),
        polled_us as first_us, polled_us as last_us, octets as first_octets, octets as last_octets
    from polls semi join (from runs where is_steep) as steep using (link_id, hour, run)
),
followed as (
    select
        *,
        lag({'us': last_us, 'octets': last_octets, 'counting_us': counting_us, 'hour': hour}) over chain as before,
        lead(hour) over chain as next_hour
    from parts
    window chain as (partition by link_id order by first_us)
),
bridged as (
    select
        link_id, hour, region, site, capacity_mbps,
        if(counter_bits = 32, 4294967295::ubigint, 18446744073709551615::ubigint) as top,
        (first_us - before.us) * 1e-6 as gap,
        1.1 * 125000 * capacity_mbps * gap as most,
        case
            when before is null or counting_us <> before.counting_us or most >= top then null
            when gap > 1800 and hour <> before.hour then null
            when first_octets >= before.octets then first_octets - before.octets
            when top - before.octets + first_octets < most then top - before.octets + first_octets + 1
        end as bridge,
        coalesce(counting_us = before.counting_us and most >= top and gap <= 900, false) as wraps,
        if(wraps, counter_bits, null) as bits, if(wraps, gap, null) as apart,
        (last_octets - first_octets)::double + coalesce(bridge, 0) as octets,
        (last_us - first_us) * 1e-6 + if(bridge is null, 0, gap) as seconds,
        coalesce(before.hour = hour, false) or coalesce(next_hour = hour, false) as is_shared
    from followed
),
covered as materialized (
    select link_id, hour, octets, seconds, region, site, capacity_mbps, wraps, bits, apart, is_shared from bridged
),
measured as (
    select * exclude (is_shared) from covered where not is_shared
    union all
    select
        link_id, hour, sum(octets), sum(seconds), any_value(region), any_value(site), max(capacity_mbps),
        2 * count(*) filter (where wraps) > count(*), max(bits), median(apart)
    from covered
    where is_shared
    group by link_id, hour
)
select
    link_id as series_id, make_timestamptz(epoch_us($since - interval 1 hour) + hour * 3600000000) as ts,
    if(seconds >= 1800, 8e-6 * octets / seconds, null) as y,
    if(y between 0.95 * capacity_mbps and 1.1 * capacity_mbps, true, null) as censored,
    split_part(link_id, '.', 1) as router, region, site, capacity_mbps,
    if(
        seconds < 1800,
        'its counter of ' || bits || ' bits may wrap twice within the ' || round(apart)::integer || ' s between polls at '
        || capacity_mbps || ' Mbit/s',
        null
    ) as counter_wraps
from measured
where hour >= 1 and (seconds >= 1800 or wraps)
