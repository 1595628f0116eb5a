create table planning.imported_rosters (
    stream varchar not null,
    pool_id varchar not null,
    day date not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    people double not null,
    known_at timestamptz not null,
    source varchar not null
);

comment on table planning.imported_rosters is 'Rosters as they are, from a workforce tool, append-only: of a pool and local day the import with the greatest known_at counts. Key: stream, pool_id, starts_at, ends_at, known_at. Read analyst.coverage instead.';
comment on column planning.imported_rosters.stream is 'Stream of the calls.';
comment on column planning.imported_rosters.pool_id is 'Pool, or group of several skills.';
comment on column planning.imported_rosters.day is 'Local day on which the work begins.';
comment on column planning.imported_rosters.starts_at is 'First instant at work, UTC.';
comment on column planning.imported_rosters.ends_at is 'End of it, exclusive, UTC.';
comment on column planning.imported_rosters.people is 'People at work all of that time.';
comment on column planning.imported_rosters.known_at is 'When it was imported.';
comment on column planning.imported_rosters.source is 'File that it came from.';
