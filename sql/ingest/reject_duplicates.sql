-- Rows that share a key and differ: nobody can tell which is right, so all of them go.
insert into verdict
with repeated as (
    select series_id, ts, available_at
    from stamped
    anti join verdict on stamped.row_no = verdict.row_no
    group by series_id, ts, available_at
    having count(*) > 1 and (min(y) is distinct from max(y) or count(y) not in (0, count(*)))
)

select stamped.row_no, 'duplicate_key'
from stamped
inner join repeated
    on stamped.series_id = repeated.series_id
    and stamped.ts = repeated.ts
    and stamped.available_at is not distinct from repeated.available_at
anti join verdict on stamped.row_no = verdict.row_no
