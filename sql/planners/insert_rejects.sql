-- Rows of planners that broke the contract, each on record once while it waits.
insert into history.quarantine by name
select
    rejected.stream,
    $run_id as run_id,
    row_number() over (order by rejected.row_no) as row_no,
    rejected.reason,
    rejected.raw,
    rejected.source,
    $now as seen_at,
    $part as part
from rejected_rows as rejected
anti join (select * from history.quarantine where part = $part and resolved_at is null) as waiting
    on rejected.stream = waiting.stream and rejected.source = waiting.source and rejected.raw = waiting.raw
