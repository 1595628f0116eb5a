-- Rows that wait, by series and whether their level is not believed.
select coalesce(series_id, '*') as series_id, reason = 'unit_scale' as is_level, count(*) as rows
from history.quarantine
where stream = $stream and part is null and resolved_at is null
group by all
order by all
