-- The rows that passed so far, one a key, and whether rows of that key differ.
create or replace temp table keyed as
select
    series_id,
    ts,
    available_at,
    first(y) as y,
    first(weight) as weight,
    first(censored) as censored,
    min(row_no) as row_no,
    count(*) > 1 and (min(y) is distinct from max(y) or count(y) not in (0, count(*))) as differ
from stamped
anti join verdict on stamped.row_no = verdict.row_no
group by series_id, ts, available_at
