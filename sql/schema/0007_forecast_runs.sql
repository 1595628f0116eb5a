create table forecast.runs (
    run_id varchar not null,
    kind varchar not null,
    stream varchar not null,
    origin timestamptz,
    status varchar not null,
    model_id varchar,
    snapshot_id bigint,
    config_hash varchar,
    code_version varchar not null,
    started_at timestamptz not null,
    finished_at timestamptz,
    rows bigint,
    message varchar
);

comment on table forecast.runs is 'Every execution, failures included. Key: run_id.';
comment on column forecast.runs.run_id is 'Key of the execution.';
comment on column forecast.runs.kind is 'nightly, manual or backfill for forecasts; ingest, train or score for the other steps.';
comment on column forecast.runs.stream is 'Stream that it worked on.';
comment on column forecast.runs.origin is 'First instant that the run did not know, UTC.';
comment on column forecast.runs.status is 'running, published, unchanged, stale, incomplete or failed. A run that was killed stays running.';
comment on column forecast.runs.model_id is 'Model that it used or made.';
comment on column forecast.runs.snapshot_id is 'Lake snapshot that it read.';
comment on column forecast.runs.config_hash is 'Hash of the parts of the stream definition that shape a model.';
comment on column forecast.runs.code_version is 'Version of this package.';
comment on column forecast.runs.started_at is 'Wall clock at the start, for audits only.';
comment on column forecast.runs.finished_at is 'Wall clock at the end; NULL while it runs or where it was killed.';
comment on column forecast.runs.rows is 'Rows that it wrote.';
comment on column forecast.runs.message is 'What a person should know: the error, or why it is stale.';
