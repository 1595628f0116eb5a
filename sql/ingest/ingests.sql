-- How often a stream was ingested, and its watermark.
select count(*) as ingests, max(until) as watermark
from history.ingests
where stream = $stream
