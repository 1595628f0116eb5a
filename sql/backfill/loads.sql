-- What came into a stream's history after a snapshot of the lake, and from which origin on it can be seen.
with loads as (
    select snapshot_id, greatest(ts + interval 1 microsecond, available_at) as visible_from
    from history.demand
    where stream = $stream and snapshot_id > $since
    union all
    select snapshot_id, greatest(valid_from + interval 1 microsecond, known_at) as visible_from
    from history.series
    where stream = $stream and snapshot_id > $since
    union all
    select snapshot_id, known_at as visible_from
    from history.events
    where snapshot_id > $since
)

select snapshot_id, min(visible_from) as visible_from
from loads
group by snapshot_id
order by snapshot_id
