-- Attributes of a series that are on record more than once.
with twice as (
    select series_id, valid_from, known_at
    from history.series
    where stream = $stream
    group by series_id, valid_from, known_at
    having count(*) > 1
)

select
    count(*) as failed, min(series_id || ' from ' || valid_from::varchar || ' known at ' || known_at::varchar) as first
from twice
