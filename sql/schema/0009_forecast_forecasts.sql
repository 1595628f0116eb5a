create table forecast.forecasts (
    run_id varchar not null,
    stream varchar not null,
    series_id varchar not null,
    ts timestamptz not null,
    origin timestamptz not null,
    horizon_step integer not null,
    mean double not null,
    q05 double not null,
    q10 double not null,
    q25 double not null,
    q50 double not null,
    q75 double not null,
    q90 double not null,
    q95 double not null,
    tier varchar not null,
    model_id varchar
);
alter table forecast.forecasts set partitioned by (stream, year(origin), month(origin));
alter table forecast.forecasts set sorted by (series_id, ts);

comment on table forecast.forecasts is 'Quantile forecasts of every run, published or not; read analyst.forecast_latest instead. Key: run_id, stream, series_id, ts; one row an open interval of the horizon.';
comment on column forecast.forecasts.run_id is 'Run that made the row; see forecast.runs.';
comment on column forecast.forecasts.stream is 'Stream of the series.';
comment on column forecast.forecasts.series_id is 'Stable key of one series inside the stream.';
comment on column forecast.forecasts.ts is 'UTC start of the forecast interval.';
comment on column forecast.forecasts.origin is 'First instant that was not known, UTC.';
comment on column forecast.forecasts.horizon_step is '1-based interval after the origin, closed ones counted.';
comment on column forecast.forecasts.mean is 'Mean of the predictive distribution.';
comment on column forecast.forecasts.q05 is 'Demand that is exceeded 95 times in 100.';
comment on column forecast.forecasts.q10 is 'Demand that is exceeded 90 times in 100.';
comment on column forecast.forecasts.q25 is 'Demand that is exceeded 75 times in 100.';
comment on column forecast.forecasts.q50 is 'Median.';
comment on column forecast.forecasts.q75 is 'Demand that is exceeded 25 times in 100.';
comment on column forecast.forecasts.q90 is 'Demand that is exceeded 10 times in 100.';
comment on column forecast.forecasts.q95 is 'Demand that is exceeded 5 times in 100.';
comment on column forecast.forecasts.tier is 'What produced this series'' forecast: ensemble, trees, nbeats, tft, profile, growth, last_four, seasonal_naive or cold_start.';
comment on column forecast.forecasts.model_id is 'Model that the run used; NULL where none was trained yet.';
