-- Rejected rows that wait, by reason, with one of them.
with asked as (
    select unnest($streams) as stream, unnest($origins) as origin
)

select
    quarantine.stream,
    quarantine.reason,
    count(*) as waiting,
    count(distinct quarantine.series_id) as series,
    arg_max(quarantine.raw, (quarantine.run_id, -quarantine.row_no)) as example
from asked
inner join history.ingests as ingests on asked.stream = ingests.stream and ingests.until <= asked.origin
inner join history.quarantine as quarantine
    on ingests.run_id = quarantine.run_id and quarantine.stream = asked.stream
where quarantine.resolved_at is null
group by quarantine.stream, quarantine.reason
order by sum(waiting) over (partition by quarantine.stream) desc, quarantine.stream, waiting desc, quarantine.reason
limit $most
