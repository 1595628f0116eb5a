-- Series of a stream that reported lately before the origin, with their attributes, all as known then.
with reported as (
    select distinct series_id
    from analyst.versions_as_of($origin)
    where stream = $stream and ts >= $active_since
)

select series.series_id, arg_max(series.attributes::json::varchar, (series.valid_from, series.known_at)) as attributes
from history.series as series
semi join reported on series.series_id = reported.series_id
where series.stream = $stream and series.known_at <= $origin and series.valid_from < $origin
group by series.series_id
order by series.series_id
