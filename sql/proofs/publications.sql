-- How often each origin of a stream was published.
select origin, count(*) as publications
from forecast.publications
where stream = $stream
group by origin
