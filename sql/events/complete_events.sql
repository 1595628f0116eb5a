-- Event rows with every column; those a source leaves out are empty.
create or replace temp table event_rows as
select *
from event_file
union all by name
select
    null::varchar as event_id,
    null::timestamptz as known_at,
    null::varchar as kind,
    null::varchar as name,
    null::varchar as scope,
    null::timestamptz as starts_at,
    null::timestamptz as ends_at,
    null::boolean as withdrawn
where false
