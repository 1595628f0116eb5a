-- The rows that passed, each key once.
create or replace temp view good as
select
    stamped.series_id,
    stamped.ts,
    stamped.available_at,
    stamped.y,
    stamped.weight,
    stamped.censored,
    stamped.attributes_hash,
    stamped.row_no
from stamped
anti join verdict on stamped.row_no = verdict.row_no
anti join (select * from repeated where not differ) as copies
    on stamped.series_id = copies.series_id
    and stamped.ts = copies.ts
    and stamped.available_at is not distinct from copies.available_at
    and stamped.row_no > copies.row_no
