create table history.acceptances (
    run_id varchar not null,
    stream varchar not null,
    series_id varchar not null,
    reason varchar not null,
    since timestamptz not null,
    rows bigint not null,
    factor double,
    known_at timestamptz not null,
    accepted_by varchar not null,
    accepted_at timestamptz not null
);

comment on table history.acceptances is 'Rejected rows that were decided on, append-only: a new level that lasted or that a person believed (reason unit_scale), or bad rows that a person left out. Key: run_id, stream, series_id, reason.';
comment on column history.acceptances.run_id is 'Run that wrote the row.';
comment on column history.acceptances.stream is 'Stream of the rows.';
comment on column history.acceptances.series_id is 'Series of the rows; * where they name none.';
comment on column history.acceptances.reason is 'Reason for which they were rejected.';
comment on column history.acceptances.since is 'First interval of the rows, UTC; of a level, from when on the series is compared with it only.';
comment on column history.acceptances.rows is 'How many rows waited or were held back.';
comment on column history.acceptances.factor is 'Of a level: the new one over the one before it.';
comment on column history.acceptances.known_at is 'When the decision became known: the end of the newest ingest.';
comment on column history.acceptances.accepted_by is 'Who decided: a person, or lasted where the level lasted.';
comment on column history.acceptances.accepted_at is 'Wall clock of the decision; rows seen later are not part of it.';
