-- Daily peak of a link, Mbit/s: the 95th percentile of its hours on a local day, from the history of link_traffic.
-- Grain: (series_id, ts, available_at). $since, $until timestamptz (local midnights); it reads no feed.
--
-- A day is there once it has ended by $until. It is known where three quarters of its hours are, else y is NULL. The
-- percentile of a whole day lies between its second and third highest hour: a single wild one does not decide it.
--
-- As a day ends its last hour is not in yet, and hours may come late or change. Each moment at which something of the
-- day became known gives a row, all that was known by its end counting as one: what was known then, and when the newest
-- of it was. So an origin finds the same peaks whether they are ingested daily or all at once, later.
--
-- censored: true where an hour at or above the percentile is only a lower bound, else NULL, as in link_traffic.sql. The
-- attributes are those of link_traffic that held as the day ended, as known at the row's moment: a correction that came
-- later is a moment too. Where link_traffic is pulled again from further back than the lookback of this stream, pull
-- this one again too.
with hours as materialized (
    select
        series_id,
        date_trunc('day', ts at time zone 'America/Toronto') as day,
        (day + interval 1 day) at time zone 'America/Toronto' as ends_at,
        y, censored, available_at,
        greatest(available_at, ends_at) as moment,
        lead(moment) over (partition by series_id, ts order by available_at) as replaced
    from analyst.versions_as_of($until)
    where stream = 'link_traffic' and ts >= $since and ends_at <= $until
),
links as (
    select series_id, valid_from, known_at, attributes
    from history.series
    where stream = 'link_traffic' and known_at <= $until and valid_from < $until
),
moments as (
    select series_id, day, moment from hours
    union
    select days.series_id, days.day, links.known_at
    from (select distinct series_id, day, ends_at from hours) as days join links using (series_id)
    where links.valid_from < days.ends_at and links.known_at > days.ends_at
),
peaks as (
    select
        series_id, day, moments.moment, any_value(ends_at) as ends_at,
        max(available_at) as available_at,
        4 * count(y) >= 3 * date_diff('hour', day at time zone 'America/Toronto', any_value(ends_at)) as is_known,
        if(is_known, quantile_cont(y, 0.95), null) as y,
        if(max(y) filter (where censored) >= quantile_cont(y, 0.95) and is_known, true, null) as censored
    from hours join moments using (series_id, day)
    where moments.moment >= hours.moment and (hours.replaced is null or moments.moment < hours.replaced)
    group by series_id, day, moments.moment
    -- a day has no row before it is first known; when its hours are lost after that, the row says so
    qualify bool_or(is_known) over (partition by series_id, day order by moments.moment)
),
described as (
    select
        series_id, day, moment,
        max(known_at) filter (where known_at > ends_at) as corrected_at,
        arg_max(attributes, (valid_from, known_at)) as attributes
    from peaks join links using (series_id)
    where valid_from < ends_at and known_at <= moment
    group by series_id, day, moment
)
select
    peaks.series_id, peaks.day as ts, peaks.y, peaks.censored,
    greatest(peaks.available_at, described.corrected_at) as available_at,
    described.attributes['router'] as router,
    described.attributes['region'] as region,
    described.attributes['site'] as site,
    described.attributes['capacity_mbps'] as capacity_mbps
from peaks left join described using (series_id, day, moment)
