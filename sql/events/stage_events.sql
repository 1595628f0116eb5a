-- Events that were read, as the lake holds them.
create or replace temp table event_rows as
select
    event_id::varchar as event_id,
    known_at::timestamptz as known_at,
    kind::varchar as kind,
    name::varchar as name,
    scope::varchar::json::map(varchar, varchar) as scope,
    starts_at::timestamptz as starts_at,
    ends_at::timestamptz as ends_at,
    coalesce(withdrawn::boolean, false) as withdrawn
from given_events
