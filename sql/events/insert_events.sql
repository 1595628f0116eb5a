-- Versions of events: a new event, or one whose content changed. One that says nothing of when it became known was known
-- when it was read. A source that keeps its earlier versions delivers them again: what is on record is no change.
insert into history.events
with recorded as (
    select
        event_id,
        known_at,
        {'kind': kind, 'name': name, 'scope': scope, 'starts_at': starts_at, 'ends_at': ends_at, 'withdrawn': withdrawn} as content
    from history.events
),

incoming as (
    select
        event_id,
        coalesce(known_at, $known_at) as known_at,
        {'kind': kind, 'name': name, 'scope': scope, 'starts_at': starts_at, 'ends_at': ends_at, 'withdrawn': withdrawn} as content
    from event_rows
),

unseen as (
    select *
    from incoming
    anti join recorded
        on incoming.event_id = recorded.event_id and incoming.known_at = recorded.known_at and incoming.content = recorded.content
),

current as (
    select event_id, max(known_at) as known_at, arg_max(content, known_at) as content
    from recorded
    group by event_id
)

select
    unseen.event_id,
    case
        when unseen.known_at <= current.known_at then greatest($known_at, current.known_at + interval 1 microsecond)
        else unseen.known_at
    end,
    unseen.content.kind,
    unseen.content.name,
    unseen.content.scope,
    unseen.content.starts_at,
    unseen.content.ends_at,
    unseen.content.withdrawn,
    $run_id
from unseen
left join current on unseen.event_id = current.event_id
where current.event_id is null or current.content is distinct from unseen.content
