-- The first decision after an origin that makes another model champion.
select champion, decided_at_origin, verdict, gain, noise, decided_by
from forecast.decisions
where
    stream = $stream
    and config_hash = $config_hash
    and decided_at_origin > $origin
    and verdict <> 'kept'
order by decided_at_origin, decided_at desc
limit 1
