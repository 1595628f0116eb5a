create table history.events (
    event_id varchar not null,
    known_at timestamptz not null,
    kind varchar not null,
    name varchar,
    scope map(varchar, varchar) not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    withdrawn boolean not null,
    run_id varchar not null
);

comment on table history.events is 'Holidays beyond the calendar, campaigns, closures and outages, append-only. Key: event_id, known_at; current is the greatest known_at.';
comment on column history.events.event_id is 'Stable key of the event.';
comment on column history.events.known_at is 'When this version of the event became known.';
comment on column history.events.kind is 'holiday, campaign, closure or outage.';
comment on column history.events.name is 'Name of the event.';
comment on column history.events.scope is 'Series that it affects: attribute name to value, all of which must match; stream and series_id may be named too; empty means all.';
comment on column history.events.starts_at is 'First instant of the event, UTC.';
comment on column history.events.ends_at is 'End of the event, exclusive, UTC.';
comment on column history.events.withdrawn is 'True where the event was called off.';
comment on column history.events.run_id is 'Run that wrote the row.';
