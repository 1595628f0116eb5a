-- Waiting rows that a person has accepted and that are now in the history.
update history.quarantine
set resolved_at = $now
where
    stream = $stream
    and reason = 'unit_scale'
    and resolved_at is null
    and (series_id, ts) in (select (series_id, ts) from stamped)
