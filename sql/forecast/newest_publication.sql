-- The current publication of a stream and origin, among those of some kinds.
select run_id, content_hash, kind, published_at
from forecast.valid_publications
where stream = $stream and origin = $origin and list_contains($kinds, kind) and scenario is not distinct from $scenario
order by published_at desc
limit 1
