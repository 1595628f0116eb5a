create table history.quarantine (
    stream varchar not null,
    run_id varchar not null,
    row_no bigint not null,
    reason varchar not null,
    raw varchar not null,
    ts timestamptz,
    source varchar not null,
    seen_at timestamptz not null,
    resolved_at timestamptz
);

comment on table history.quarantine is 'Rows that broke a contract, whole. Key: stream, run_id, row_no.';
comment on column history.quarantine.stream is 'Stream that the row was meant for.';
comment on column history.quarantine.run_id is 'Ingest run that rejected it.';
comment on column history.quarantine.row_no is 'Number of the row within that run''s rejects, from 1.';
comment on column history.quarantine.reason is 'The rule that it broke.';
comment on column history.quarantine.raw is 'The whole row as JSON, as the source gave it.';
comment on column history.quarantine.ts is 'Its interval or event time, UTC, where it has one.';
comment on column history.quarantine.source is 'SQL file that returned it.';
comment on column history.quarantine.seen_at is 'Wall clock of the run, for audits only.';
comment on column history.quarantine.resolved_at is 'Wall clock of the replay that took the row in; NULL until then.';
