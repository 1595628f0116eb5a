-- Series on record at the origin that reported nothing lately: attributes and the last value as known then, NULL where there
-- never was one.
with recorded as (
    select series_id, arg_max(attributes::json::varchar, (valid_from, known_at)) as attributes
    from history.series
    where stream = $stream and known_at <= $origin and valid_from < $origin
    group by series_id
),

silent as (
    select recorded.*
    from recorded
    anti join (select series_id from analyst.versions_as_of($origin) where stream = $stream and ts >= $active_since) as lately
        on recorded.series_id = lately.series_id
),

valued as (
    select versions.series_id, max(versions.ts) as last_ts
    from analyst.versions_as_of($origin) as versions
    semi join silent on versions.series_id = silent.series_id
    where versions.stream = $stream and versions.y is not null
    group by versions.series_id
)

select silent.series_id, silent.attributes, valued.last_ts
from silent
left join valued on silent.series_id = valued.series_id
order by silent.series_id
