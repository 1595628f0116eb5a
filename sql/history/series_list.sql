-- Series on record with their first and last value and, of those that were retired, since when.
with newest as (
    select stream, series_id, ts, arg_max_null(y, available_at) as y
    from history.demand
    where stream = coalesce($stream, stream)
    group by stream, series_id, ts
),

valued as (
    select stream, series_id, min(ts) as first_ts, max(ts) as last_ts, count(*) as "values"
    from newest
    where y is not null
    group by stream, series_id
),

recorded as (
    select stream, series_id, arg_max(attributes::json::varchar, (valid_from, known_at)) as attributes
    from history.series
    where stream = coalesce($stream, stream)
    group by stream, series_id
),

ended as (
    select map_extract(scope, 'stream')[1] as stream, map_extract(scope, 'series_id')[1] as series_id, starts_at as retired_from
    from history.events
    where event_id like 'retired:%'
    qualify row_number() over (partition by event_id order by known_at desc) = 1 and not withdrawn
)

select
    recorded.stream,
    recorded.series_id,
    valued.first_ts,
    valued.last_ts,
    coalesce(valued.values, 0) as "values",
    ended.retired_from,
    recorded.attributes
from recorded
left join valued on recorded.stream = valued.stream and recorded.series_id = valued.series_id
left join ended on recorded.stream = ended.stream and recorded.series_id = ended.series_id
order by recorded.stream, recorded.series_id
