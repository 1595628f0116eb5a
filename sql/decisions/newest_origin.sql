-- The newest origin that was published or decided at; NULL where there is none.
select max(origin)
from (
    select origin
    from forecast.publications
    where stream = $stream and kind in ('nightly', 'manual', 'backfill')
    union all
    select decided_at_origin as origin
    from forecast.decisions
    where stream = $stream and config_hash = $config_hash
) as known
