-- Paths with values that are no numbers.
with
-- include templates/current_runs.sql
checked as (
    select * from forecast.paths where stream = $stream and origin >= $since and run_id in (from current_runs)
)

select
    count(*) as failed,
    min(run_id || ': ' || series_id || ' at ' || ts::varchar) as first,
    list_sort(list(distinct origin)) as origins
from checked
where len(list_filter(y, lambda value: not isfinite(value))) > 0
