-- What a definition says of its stream, where it differs from what is on record.
insert into history.streams
with newest as (
    select max_by(streams, known_at) as row_
    from history.streams as streams
    where stream = $stream
)

select
    $stream as stream,
    $known_at as known_at,
    $metric as metric,
    $unit as unit,
    $timezone as timezone,
    $aggregate as aggregate,
    $minutes as minutes,
    $horizon_minutes as horizon_minutes,
    $run_id as run_id
from newest
where row_ is null
    or (row_.metric, row_.unit, row_.timezone, row_.aggregate, row_.minutes, row_.horizon_minutes)
    is distinct from ($metric, $unit, $timezone, $aggregate, $minutes::integer, $horizon_minutes::integer)
