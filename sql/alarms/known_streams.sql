-- Streams that have published a forecast.
select distinct stream
from forecast.valid_publications
where kind not in ('plan', 'scenario')
order by stream
