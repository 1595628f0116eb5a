create table forecast.publications (
    stream varchar not null,
    origin timestamptz not null,
    published_at timestamptz not null,
    run_id varchar not null,
    kind varchar not null,
    replaces varchar,
    content_hash varchar not null,
    rows bigint not null,
    complete boolean not null
);

comment on table forecast.publications is 'Which run is current for a stream and origin: that of the newest row. Key: stream, origin, published_at. Rows of a run are visible once they are named here.';
comment on column forecast.publications.stream is 'Stream that was forecast.';
comment on column forecast.publications.origin is 'Origin of the forecast, UTC.';
comment on column forecast.publications.published_at is 'When it became visible.';
comment on column forecast.publications.run_id is 'Run whose rows are published.';
comment on column forecast.publications.kind is 'nightly, manual or backfill.';
comment on column forecast.publications.replaces is 'Run that was current for this stream and origin before; NULL for the first.';
comment on column forecast.publications.content_hash is 'Hash of the published values; an equal re-issue publishes nothing.';
comment on column forecast.publications.rows is 'Number of forecast rows.';
comment on column forecast.publications.complete is 'False where the feed was stale or series are missing.';
