-- Rejects go on record once: a row that already waits there under the same reason is not repeated.
insert into history.quarantine
select
    $stream,
    $run_id,
    row_number() over (order by rejected.ts, rejected.reason, rejected.raw),
    rejected.reason,
    rejected.raw,
    rejected.ts,
    $source,
    $now,
    null
from rejected
anti join (select * from history.quarantine where stream = $stream and resolved_at is null) as unresolved
    on rejected.reason = unresolved.reason and rejected.raw = unresolved.raw
