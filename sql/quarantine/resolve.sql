-- Unresolved rows that lie in a window pulled again and were not rejected again: they were put right. A row without a time may
-- lie anywhere in the window of the ingest that rejected it, or, where that ingest was stopped, anywhere in history. Rows from
-- before the first that the feed still holds go on waiting.
update history.quarantine
set resolved_at = $now
where
    stream = $stream
    and part is null
    and resolved_at is null
    and run_id <> $run_id
    and coalesce(ts, (select since from history.ingests where ingests.run_id = quarantine.run_id), $first) >= $since
    and coalesce(ts, (select until from history.ingests where ingests.run_id = quarantine.run_id), $until) <= $until
    and (ts is null or coalesce(ts >= $first_ts, false))
    and (reason, raw) not in (select (reason, raw) from rejected)
