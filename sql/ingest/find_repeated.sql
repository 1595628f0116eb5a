-- Keys with more than one row: the row that is kept for each, and whether its rows differ.
create or replace temp table repeated as
with keys as (
    select series_id, ts, available_at
    from stamped
    anti join verdict on stamped.row_no = verdict.row_no
    group by series_id, ts, available_at
    having count(*) > 1
)

select
    stamped.series_id,
    stamped.ts,
    stamped.available_at,
    min(stamped.row_no) as row_no,
    min(stamped.y) is distinct from max(stamped.y) or count(stamped.y) not in (0, count(*)) as differ
from stamped
inner join keys
    on stamped.series_id = keys.series_id
    and stamped.ts = keys.ts
    and stamped.available_at is not distinct from keys.available_at
anti join verdict on stamped.row_no = verdict.row_no
group by stamped.series_id, stamped.ts, stamped.available_at
