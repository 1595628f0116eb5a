-- The extracted rows with a number in the order of the source and with the optional columns that it left out.
create or replace temp view batch as
select rowid as row_no, *
from extracted
union all by name
select
    null::varchar as series_id,
    null::double as y,
    null::timestamptz as available_at,
    null::double as weight,
    null::boolean as censored
where false
