create table history.demand (
    stream varchar not null,
    series_id varchar not null,
    ts timestamptz not null,
    y double,
    weight double,
    censored boolean,
    available_at timestamptz not null,
    run_id varchar not null,
    loaded_at timestamptz not null
);
alter table history.demand set partitioned by (stream, year(ts), month(ts));
alter table history.demand set sorted by (series_id, ts);

comment on table history.demand is 'Measured demand, append-only: every value as it became known. Key: stream, series_id, ts, available_at; current is the greatest available_at. Read it as of an instant with analyst.history_as_of(t).';
comment on column history.demand.stream is 'Family of series that are forecast together.';
comment on column history.demand.series_id is 'Stable key of one series inside the stream.';
comment on column history.demand.ts is 'UTC start of the interval.';
comment on column history.demand.y is 'Demand in the stream''s unit. 0 where the source was alive and nothing happened; NULL where the source says unknown or withdrew the value.';
comment on column history.demand.weight is 'Weight of the value where the feed gives one (calls behind a mean handle time), else NULL.';
comment on column history.demand.censored is 'True where the value is only a lower bound of demand (busy signals, a link near capacity); NULL where the feed does not say.';
comment on column history.demand.available_at is 'When this value became known. A forecast from an origin uses rows with available_at <= origin only.';
comment on column history.demand.run_id is 'Ingest run that wrote the row.';
comment on column history.demand.loaded_at is 'Wall clock of that run, for audits only.';
