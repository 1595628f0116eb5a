-- Rows that share a key and differ: nobody can tell which is right, so all of them go.
insert into verdict
select stamped.row_no, 'duplicate_key'
from stamped
inner join (select * from keyed where differ) as repeated
    on stamped.series_id = repeated.series_id
    and stamped.ts = repeated.ts
    and stamped.available_at is not distinct from repeated.available_at
anti join verdict on stamped.row_no = verdict.row_no
