-- Versions of the demand of some series that were known at one instant and, unless all are wanted, not at an earlier one.
with asked as (
    select unnest($series_ids::varchar[]) as series_id, unnest(range(len($series_ids::varchar[]))) as series
)

select
    asked.series,
    versions.ts,
    versions.y,
    versions.available_at,
    versions.weight,
    coalesce(versions.censored, false) as censored
from analyst.versions_as_of($until) as versions
inner join asked on versions.series_id = asked.series_id
where
    versions.stream = $stream
    and versions.ts >= $since
    and ($all or versions.ts >= $after or versions.available_at > $after)
