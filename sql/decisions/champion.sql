-- The decision that made the champion of a stream and definition as of an origin.
select champion, decided_at_origin, verdict, gain, noise, decided_by
from forecast.decisions
where
    stream = $stream
    and config_hash = $config_hash
    and decided_at_origin <= $origin
    and verdict <> 'kept'
order by decided_at_origin desc, decided_at desc
limit 1
