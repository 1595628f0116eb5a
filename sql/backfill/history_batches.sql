-- What was written to the history of a stream after a snapshot of the lake, and from which origin on it is seen. Rows of
-- demand get another snapshot where upkeep writes their files anew; the ingest that brought them keeps its own.
with ingests as (
    select run_id, snapshot_id
    from history.ingests
    where stream = $stream and snapshot_id > $since
),

written as (
    select ingests.snapshot_id, greatest(demand.ts + interval 1 microsecond, demand.available_at) as visible_from
    from history.demand as demand
    inner join ingests on demand.run_id = ingests.run_id
    where demand.stream = $stream
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
from written
group by snapshot_id
order by snapshot_id
