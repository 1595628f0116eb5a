create table history.series (
    stream varchar not null,
    series_id varchar not null,
    valid_from timestamptz not null,
    known_at timestamptz not null,
    attributes map(varchar, varchar) not null,
    run_id varchar not null
);

comment on table history.series is 'Attributes of series, append-only. Key: stream, series_id, valid_from, known_at.';
comment on column history.series.stream is 'Stream of the series.';
comment on column history.series.series_id is 'Stable key of one series inside the stream.';
comment on column history.series.valid_from is 'First interval for which these attributes hold, UTC.';
comment on column history.series.known_at is 'When they became known.';
comment on column history.series.attributes is 'Attribute name to text value: region, queue, capacity ...';
comment on column history.series.run_id is 'Ingest run that wrote the row.';
