-- Rejects go on record once: a row that already waits there under the same reason is not repeated. Characters that no key may
-- have are shown as a question mark; the row itself is kept as it came.
insert into history.quarantine by name
select
    $stream as stream,
    $run_id as run_id,
    row_number() over (order by rejected.ts, rejected.reason, rejected.raw) as row_no,
    rejected.reason,
    replace(rejected.raw, chr(0), '\u0000') as raw,
    rejected.ts,
    left(regexp_replace(nullif(trim(rejected.series_id), ''), '[\p{Cc}\x{FEFF}\x{FFFD}\x{2028}\x{2029}]', '?', 'g'), 255) as series_id,
    $source as source,
    $now as seen_at
from rejected
anti join (select * from history.quarantine where stream = $stream and part is null and resolved_at is null) as unresolved
    on rejected.reason = unresolved.reason and rejected.raw = unresolved.raw
