-- The rows that passed, each key once.
create or replace temp table good as
select series_id, ts, available_at, first(y) as y, first(weight) as weight, first(censored) as censored, min(row_no) as row_no
from stamped
anti join verdict on stamped.row_no = verdict.row_no
group by series_id, ts, available_at
