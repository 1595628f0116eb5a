-- Rejects without a time that an earlier, completed ingest has on record: the feed shows them to every window.
select count(*)
from rejected
where
    ts is null
    and (reason, raw) in (
        select (quarantine.reason, quarantine.raw)
        from history.quarantine
        semi join history.ingests on quarantine.run_id = ingests.run_id
        where quarantine.stream = $stream and quarantine.ts is null
    )
