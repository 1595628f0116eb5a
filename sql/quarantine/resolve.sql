-- Waiting rows that lie in a window pulled again and were not rejected again: they were put right. A row without a time is
-- shown to every window.
update history.quarantine
set resolved_at = $now
where
    stream = $stream
    and resolved_at is null
    and run_id <> $run_id
    and (ts is null or (ts >= $since and ts < $until))
    and (reason, raw) not in (select (reason, raw) from rejected)
