-- One table of the current plan of a stream and origin, in the order of its key.
select * exclude (stream, origin)
from query_table($table)
where
    stream = $stream
    and origin = $origin
    and run_id = (
        select arg_max(run_id, published_at)
        from forecast.valid_publications
        where stream = $stream and origin = $origin and kind in ('plan', 'scenario') and scenario is not distinct from $scenario
    )
order by all
