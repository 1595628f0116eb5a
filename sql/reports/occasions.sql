-- Events that were known at the origin and fall into the horizon, the forecast series that they concern, and public holidays of the
-- stream's country.
with known as (
    select
        event_id,
        arg_max(kind, known_at) as kind,
        arg_max(coalesce(name, event_id), known_at) as name,
        arg_max(scope, known_at) as scope,
        arg_max(starts_at, known_at) as starts_at,
        arg_max(ends_at, known_at) as ends_at,
        arg_max(withdrawn, known_at) as withdrawn
    from history.events
    where known_at <= $origin
    group by event_id
),

series as (
    select series_id, arg_max(attributes, (valid_from, known_at)) as attributes
    from history.series
    where stream = $stream
        and known_at <= $origin
        and series_id in (select series_id from analyst.forecast_as_of('infinity'::timestamptz) where stream = $stream and origin = $origin)
    group by series_id
),

ahead as (
    select *, map_entries(scope) as conditions
    from known
    where not withdrawn
        and kind not in ('surge', 'demand')
        and coalesce(scope['stream'], $stream) = $stream
        and starts_at < $until
        and ends_at > $origin
),

concerned as (
    select ahead.event_id, list(series.series_id order by series.series_id) as series, count(*) as n
    from ahead
    inner join series
        on len(
            list_filter(
                ahead.conditions,
                lambda condition: condition.key <> 'stream'
                and coalesce(if(condition.key = 'series_id', series.series_id, series.attributes[condition.key]), '')
                <> condition.value
            )
        ) = 0
    group by ahead.event_id
),

listed as (
    select
        ahead.kind,
        ahead.name,
        coalesce(concerned.n, 0) as series,
        ahead.starts_at at time zone $zone as starts,
        ahead.ends_at at time zone $zone as ends,
        coalesce(concerned.series, []) as series_ids
    from ahead
    left join concerned on ahead.event_id = concerned.event_id
    union all
    select
        'public holiday' as kind,
        unnest($holiday_names) as name,
        (select count(*) from series) as series,
        unnest($holidays)::timestamp as starts,
        unnest($holidays)::timestamp + interval 1 day as ends,
        null::varchar[] as series_ids
)

select kind, name, series, starts, ends, series_ids
from listed
order by starts, kind, name
