-- How often the forecast of each origin of a stream was published.
select origin, count(*) as publications
from forecast.publications
where stream = $stream and kind in ('nightly', 'manual', 'backfill')
group by origin
