-- What the batch adds to the attributes on record: the rows from which on those of a series are others than before. Those
-- of a row hold from it on, until the next change. A row without an attribute says nothing of it: what was known holds.
-- Where a span of the past was pulled again, what held behind it holds from its end on.
create or replace temp table attribute_change as
with recorded as (
    select series.series_id, series.valid_from as ts, series.known_at, series.attributes
    from history.series as series
    semi join stated on series.series_id = stated.series_id
    where series.stream = $stream
),

resumed as (
    select recorded.series_id, arg_max(recorded.attributes, (recorded.ts, recorded.known_at)) as attributes
    from recorded
    semi join (select series_id from history.demand where stream = $stream and ts >= $until) as later
        on recorded.series_id = later.series_id
    where $learned_at > $until and recorded.ts <= $until
    group by recorded.series_id
),

joined as (
    select series_id, ts, 0 as kind, 0 as place, known_at, attributes
    from recorded
    union all
    select series_id, ts, 1, place, known_at, attributes
    from stated
    union all
    select series_id, $until, 2, 0, $learned_at, attributes
    from resumed
),

numbered as (
    select *, row_number() over (partition by series_id order by ts, kind, place, known_at) as number
    from joined
),

named as (
    select distinct series_id, unnest(map_keys(attributes)) as name
    from numbered
),

-- a row on record and a resumed one are whole, one of the batch says only what it has
held as (
    select
        numbered.series_id,
        numbered.number,
        named.name,
        last_value(
            case
                when numbered.kind <> 1 or numbered.attributes[named.name] is not null
                    then {'value': numbered.attributes[named.name]}
            end ignore nulls
        ) over (partition by numbered.series_id, named.name order by numbered.number) as held
    from numbered
    inner join named on numbered.series_id = named.series_id
),

states as (
    select series_id, number, map_from_entries(list({'key': name, 'value': held.value} order by name)) as attributes
    from held
    where held.value is not null
    group by series_id, number
),

followed as (
    select
        numbered.series_id,
        numbered.ts,
        numbered.kind,
        numbered.known_at,
        max(case when numbered.kind = 0 then numbered.known_at end) over (partition by numbered.series_id, numbered.ts) as said_at,
        coalesce(states.attributes, map {}) as attributes,
        lag(coalesce(states.attributes, map {})) over (partition by numbered.series_id order by numbered.number) as before
    from numbered
    left join states on numbered.series_id = states.series_id and numbered.number = states.number
)

select
    series_id,
    ts as valid_from,
    greatest(known_at, said_at + interval 1 microsecond) as known_at,
    attributes
from followed
where kind <> 0 and (before is null or attributes <> before)
