-- Rows that share a key and differ: which is right is unknown, so all of them are rejected.
insert into verdict
select stamped.row_no, 'duplicate_key'
from stamped
inner join (select * from repeated where differ) as torn
    on stamped.series_id = torn.series_id
    and stamped.ts = torn.ts
    and stamped.available_at is not distinct from torn.available_at
anti join verdict on stamped.row_no = verdict.row_no
