-- Streams that have published a forecast.
select distinct stream
from forecast.valid_publications
where kind <> 'plan'
order by stream
