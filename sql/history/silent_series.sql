-- Series on record at the origin that reported nothing lately: attributes and the last value as known then, NULL where there
-- never was one.
with recent as (
    select series_id, ts, y, available_at
    from analyst.versions_as_of($origin)
    where stream = $stream and ts >= $active_since
),

-- of a series without any withdrawal every version is a value
changed as (
    select distinct series_id
    from recent
    where y is null
),

reported as (
    select distinct series_id
    from recent
    anti join changed on recent.series_id = changed.series_id
    union
    select series_id
    from (
        select recent.series_id, arg_max_null(recent.y, recent.available_at) as y
        from recent
        semi join changed on recent.series_id = changed.series_id
        group by recent.series_id, recent.ts
    )
    where y is not null
),

recorded as (
    select series_id, arg_max(attributes::json::varchar, (valid_from, known_at)) as attributes
    from history.series
    where stream = $stream and known_at <= $origin and valid_from < $origin
    group by series_id
),

silent as (
    select recorded.*
    from recorded
    anti join reported on recorded.series_id = reported.series_id
),

newest as (
    select versions.series_id, versions.ts, arg_max_null(versions.y, versions.available_at) as y
    from analyst.versions_as_of($origin) as versions
    semi join silent on versions.series_id = silent.series_id
    where versions.stream = $stream
    group by versions.series_id, versions.ts
),

valued as (
    select series_id, max(ts) as last_ts
    from newest
    where y is not null
    group by series_id
)

select silent.series_id, silent.attributes, valued.last_ts
from silent
left join valued on silent.series_id = valued.series_id
order by silent.series_id
