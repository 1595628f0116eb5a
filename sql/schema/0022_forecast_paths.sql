create table forecast.paths (
    run_id varchar not null,
    stream varchar not null,
    series_id varchar not null,
    ts timestamptz not null,
    origin timestamptz not null,
    y float[] not null
);
alter table forecast.paths set partitioned by (stream, year(origin), month(origin));
alter table forecast.paths set sorted by (origin, series_id, ts);

comment on table forecast.paths is 'Joint sample paths of streams that keep them, of every run, published or not; read analyst.paths_latest instead. Any statistic over series and intervals is taken path by path. Key: run_id, stream, series_id, ts.';
comment on column forecast.paths.run_id is 'Run that made the row; see forecast.runs.';
comment on column forecast.paths.stream is 'Stream that was forecast.';
comment on column forecast.paths.series_id is 'Stable key of one series inside the stream.';
comment on column forecast.paths.ts is 'UTC start of the interval.';
comment on column forecast.paths.origin is 'First instant that was not known, UTC.';
comment on column forecast.paths.y is 'Demand on every path, in the order of the paths: the n-th values of all series and intervals belong together.';

comment on column forecast.publications.rows is 'Number of the run''s rows in all tables of its kind: forecasts, aggregates and paths, or those of a plan.';
