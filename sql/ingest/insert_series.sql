-- Series that are new, or whose attributes changed: from the first value of theirs that this ingest brought.
insert into history.series
with current as (
    select series_id, arg_max(attributes, (known_at, valid_from)) as attributes
    from history.series
    where stream = $stream
    group by series_id
),

first_version as (
    select series_id, min(ts) as ts, min(available_at) as available_at
    from version
    group by series_id
)

select
    $stream,
    attributes.series_id,
    coalesce(first_version.ts, $since),
    case when current.series_id is null then coalesce(first_version.available_at, $learned_at) else $learned_at end,
    attributes.attributes,
    $run_id
from attributes
left join current on attributes.series_id = current.series_id
left join first_version on attributes.series_id = first_version.series_id
where current.series_id is null or current.attributes <> attributes.attributes
order by attributes.series_id
