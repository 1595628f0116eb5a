-- What a person says of the rows that wait, by series and reason.
insert into history.acceptances
select
    $run_id,
    $stream,
    coalesce(series_id, '*'),
    reason,
    coalesce(min(ts), $known_at),
    count(*),
    null,
    $known_at,
    $accepted_by,
    $now
from history.quarantine
where stream = $stream and part is null and resolved_at is null and ($all or series_id in (select unnest($series::varchar[])))
group by series_id, reason
