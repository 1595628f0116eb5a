-- Values of one attribute that followed another of the same series, as known at the origin, the newest change of each.
with known as (
    select
        series_id,
        valid_from,
        arg_max(attributes[$attribute], known_at) as value
    from history.series
    where stream = $stream and known_at <= $origin and valid_from < $origin
    group by series_id, valid_from
),

followed as (
    select *, lag(value) over (partition by series_id order by valid_from) as before
    from known
)

select series_id, max(valid_from) as since, arg_max(before, valid_from) as before, arg_max(value, valid_from) as value
from followed
where before is not null and value is distinct from before
group by series_id
order by series_id
