-- Events that shape demand: holidays beyond the calendar, campaigns, outages, closures. Grain: (event_id, known_at).
-- $feed: CSV with a header. Stamps carry an offset, or are UTC. Scope columns that are empty do not narrow the scope;
-- an event without any touches every series. An event that is taken back comes again, later known, with withdrawn =
-- true.
select
    event_id, kind, name,
    json_merge_patch(
        '{}',
        json_object(
            'stream', nullif(stream, ''), 'series_id', nullif(series_id, ''), 'region', nullif(region, ''),
            'queue', nullif(queue, ''), 'skill', nullif(skill, '')
        )
    )::varchar as scope,
    starts_at, ends_at, known_at, withdrawn
from read_csv(
    $feed,
    header = true,
    columns = {
        'event_id': 'varchar', 'kind': 'varchar', 'name': 'varchar', 'stream': 'varchar', 'series_id': 'varchar',
        'region': 'varchar', 'queue': 'varchar', 'skill': 'varchar',
        'starts_at': 'timestamptz', 'ends_at': 'timestamptz', 'known_at': 'timestamptz', 'withdrawn': 'boolean'
    }
)
