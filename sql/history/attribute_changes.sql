-- Values of one attribute that followed another of the same series, as known at the origin, the newest change of each. A
-- row without the attribute changes nothing, nor does a number that is written another way.
with known as (
    select
        series_id,
        valid_from,
        arg_max(attributes[$attribute], known_at) as value
    from history.series
    where stream = $stream and known_at <= $origin and valid_from < $origin and attributes[$attribute] is not null
    group by series_id, valid_from
),

followed as (
    select *, lag(value) over (partition by series_id order by valid_from) as before
    from known
)

select series_id, max(valid_from) as since, arg_max(before, valid_from) as before, arg_max(value, valid_from) as value
from followed
where coalesce(try_cast(value as double) <> try_cast(before as double), value <> before)
group by series_id
order by series_id
