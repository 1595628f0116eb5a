-- Rejected rows, newest first.
select stream, run_id, row_no, reason, series_id, ts, source, raw, seen_at, resolved_at
from history.quarantine
where ($stream is null or stream = $stream) and ($every or resolved_at is null)
order by seen_at desc, row_no
limit $most
