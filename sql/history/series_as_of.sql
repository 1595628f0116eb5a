-- Series of a stream that reported lately before the origin, with their attributes, all as known then. One whose values were
-- all withdrawn since did not.
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
)

select series.series_id, arg_max(series.attributes::json::varchar, (series.valid_from, series.known_at)) as attributes
from history.series as series
semi join reported on series.series_id = reported.series_id
where series.stream = $stream and series.known_at <= $origin and series.valid_from < $origin
group by series.series_id
order by series.series_id
