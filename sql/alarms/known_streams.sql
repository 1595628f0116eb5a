-- Streams that have published a forecast.
select distinct stream
from forecast.publications
where kind <> 'plan'
order by stream
