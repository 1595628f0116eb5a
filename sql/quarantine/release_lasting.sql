-- Waiting rows of levels that this batch accepts are taken in.
update history.quarantine
set resolved_at = $now
where
    stream = $stream
    and reason = 'unit_scale'
    and resolved_at is null
    and (series_id, ts) in (
        select (suspect.series_id, suspect.ts)
        from suspect
        inner join shift on suspect.series_id = shift.series_id
        where shift.settled and suspect.ts >= shift.since
    )
