-- Number of unresolved rows, and the earliest instant that they may belong to. A row without a time may lie anywhere in the window of the ingest that
-- rejected it, or, where that ingest was stopped, anywhere in history.
select count(*) as rows, min(coalesce(quarantine.ts, ingests.since, $first)) as since
from history.quarantine as quarantine
left join history.ingests as ingests on quarantine.run_id = ingests.run_id
where quarantine.stream = $stream and quarantine.part is null and quarantine.resolved_at is null
