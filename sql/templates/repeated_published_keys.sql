-- Keys that several rows of a table have, among those that are seen of it, and their origins.
with
-- include templates/current_runs.sql
repeated as (
    select @key@, min(origin) as of_origin
    from @table@
    where @recent@ and run_id in (from current_runs)
    group by all
    having count(*) > 1
)

select count(*) as failed, min(row(@key@)::varchar) as first, list_sort(list(distinct of_origin)) as origins
from repeated
