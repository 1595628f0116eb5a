-- Rows that waited, of a file that no longer holds them or whose rows pass now: they were put right.
update history.quarantine
set resolved_at = $now
where
    part = $part
    and source = $source
    and resolved_at is null
    and (stream, raw) not in (select (stream, raw) from rejected_rows)
