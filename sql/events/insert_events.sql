-- Versions of events: a new event, or one whose content changed. One that says nothing of when it became known was known
-- when it was read.
insert into history.events
with incoming as (
    select
        event_id::varchar as event_id,
        coalesce(known_at::timestamptz, $known_at) as known_at,
        kind::varchar as kind,
        name::varchar as name,
        coalesce(scope, '{}')::json::map(varchar, varchar) as scope,
        starts_at::timestamptz as starts_at,
        ends_at::timestamptz as ends_at,
        coalesce(withdrawn::boolean, false) as withdrawn
    from event_rows
),

current as (
    select
        event_id,
        max(known_at) as known_at,
        arg_max({'kind': kind, 'name': name, 'scope': scope, 'starts_at': starts_at, 'ends_at': ends_at, 'withdrawn': withdrawn}, known_at) as content
    from history.events
    group by event_id
)

select
    incoming.event_id,
    case
        when incoming.known_at <= current.known_at then greatest($known_at, current.known_at + interval 1 microsecond)
        else incoming.known_at
    end,
    incoming.kind,
    incoming.name,
    incoming.scope,
    incoming.starts_at,
    incoming.ends_at,
    incoming.withdrawn,
    $run_id
from incoming
left join current on incoming.event_id = current.event_id
where
    current.event_id is null
    or current.content is distinct from {
        'kind': incoming.kind,
        'name': incoming.name,
        'scope': incoming.scope,
        'starts_at': incoming.starts_at,
        'ends_at': incoming.ends_at,
        'withdrawn': incoming.withdrawn
    }
