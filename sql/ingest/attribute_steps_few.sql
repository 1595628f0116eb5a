-- Where a column of measurements is among the attributes, they differ from row to row: what the newest row of each series
-- says holds from its first one on.
create or replace temp table step as
select
    arg_max(row_no, ts) as row_no,
    arg_min(row_no, ts) as dated_by,
    series_id,
    min(ts) as ts,
    arg_min(available_at, ts) as available_at,
    not exists (from history.ingests where ingests.stream = $stream) as is_new
from good
where row_no >= 0
group by series_id
