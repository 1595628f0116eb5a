-- Rows of each series that are sound, and how many are bad and by which rules. A level that is not believed is no bad row. Bad
-- rows are not counted where a person has said that they are to be left out, nor those without a time that an earlier,
-- completed ingest has on record: the feed shows them to every window.
with waiting as (
    select quarantine.*
    from history.quarantine as quarantine
    where quarantine.stream = $stream and quarantine.resolved_at is null
),

known as (
    select waiting.reason, waiting.raw
    from waiting
    semi join history.ingests as ingests on waiting.run_id = ingests.run_id
    where waiting.ts is null
    union
    select waiting.reason, waiting.raw
    from waiting
    inner join history.acceptances as acceptances
        on waiting.stream = acceptances.stream
        and waiting.reason = acceptances.reason
        and coalesce(waiting.series_id, '*') = acceptances.series_id
        and waiting.seen_at <= acceptances.accepted_at
),

bad as (
    select coalesce(rejected.series_id, '') as series_id, count(*) as rows, string_agg(distinct rejected.reason, ', ' order by rejected.reason) as reasons
    from rejected
    anti join known on rejected.reason = known.reason and rejected.raw = known.raw
    where rejected.reason <> 'unit_scale'
    group by coalesce(rejected.series_id, '')
),

sound as (
    select series_id, count(*) as rows
    from stamped
    anti join (select row_no from verdict where reason <> 'unit_scale') as faulty on stamped.row_no = faulty.row_no
    where stamped.row_no >= 0
    group by series_id
)

select
    coalesce(sound.series_id, bad.series_id) as series_id,
    coalesce(sound.rows, 0) as sound,
    coalesce(bad.rows, 0) as bad,
    bad.reasons
from sound
full join bad on sound.series_id = bad.series_id
order by 1
