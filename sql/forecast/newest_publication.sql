-- What speaks for a stream and origin now.
select run_id, content_hash, kind, published_at
from forecast.publications
where stream = $stream and origin = $origin and kind in ('nightly', 'manual', 'backfill')
order by published_at desc
limit 1
