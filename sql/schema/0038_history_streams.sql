create table history.streams (
    stream varchar not null,
    known_at timestamptz not null,
    metric varchar not null,
    unit varchar not null,
    timezone varchar not null,
    aggregate varchar not null,
    minutes integer not null,
    horizon_minutes integer not null,
    run_id varchar not null
);

comment on table history.streams is 'What definitions say of streams, append-only: a row where something changed. Key: stream, known_at; current is the greatest known_at. Read analyst.streams instead.';
comment on column history.streams.stream is 'Family of series that are forecast together.';
comment on column history.streams.known_at is 'Start of the run that found it.';
comment on column history.streams.metric is 'What is measured.';
comment on column history.streams.unit is 'Unit of the values.';
comment on column history.streams.timezone is 'IANA time zone of local time.';
comment on column history.streams.aggregate is 'How values add over time: sum, mean or max.';
comment on column history.streams.minutes is 'Length of an interval.';
comment on column history.streams.horizon_minutes is 'How far it is forecast.';
comment on column history.streams.run_id is 'Run that wrote the row.';
