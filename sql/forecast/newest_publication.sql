-- What speaks for a stream and origin now, among publications of some kinds.
select run_id, content_hash, kind, published_at
from forecast.publications
where stream = $stream and origin = $origin and list_contains($kinds, kind)
order by published_at desc
limit 1
