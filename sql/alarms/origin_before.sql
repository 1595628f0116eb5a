-- The newest published origin of a stream up to an instant.
select max(origin) as origin
from forecast.valid_publications
where stream = $stream and kind not in ('plan', 'scenario') and origin <= $origin
