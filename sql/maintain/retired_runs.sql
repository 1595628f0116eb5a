-- Runs that were published for origins of a stream before $since. One that is at work on such an origin is not among them.
select distinct run_id
from forecast.publications
where stream = $stream and origin < $since
