create table planning.adjustments (
    adjustment_id varchar not null,
    known_at timestamptz not null,
    scenario varchar not null,
    stream varchar not null,
    scope map(varchar, varchar) not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    metric varchar not null,
    operation varchar not null,
    value double not null,
    reason varchar not null,
    author varchar not null,
    withdrawn_at timestamptz
);

create table planning.adjusted (
    stream varchar not null,
    origin timestamptz not null,
    forecast_run_id varchar not null,
    series_id varchar not null,
    ts timestamptz not null,
    known_at timestamptz not null,
    factor double not null,
    adjustment_ids varchar[] not null
);
alter table planning.adjusted set partitioned by (stream, year(origin), month(origin));
alter table planning.adjusted set sorted by (series_id, ts);

comment on table planning.adjustments is 'What planners say of the forecast, append-only: a row an adjustment, and one more where it was withdrawn. Key: adjustment_id, known_at; current is the greatest known_at. Read analyst.adjustments instead.';
comment on column planning.adjustments.adjustment_id is 'Key of the adjustment.';
comment on column planning.adjustments.known_at is 'When this version became known.';
comment on column planning.adjustments.scenario is 'Plan that it belongs to; base is what daily runs plan.';
comment on column planning.adjustments.stream is 'Stream whose forecast it adjusts.';
comment on column planning.adjustments.scope is 'Series that it adjusts: attribute name to value, all of which must match; series_id may be a pattern such as care.*; empty means all of the stream.';
comment on column planning.adjustments.starts_at is 'First instant, UTC.';
comment on column planning.adjustments.ends_at is 'End, exclusive, UTC.';
comment on column planning.adjustments.metric is 'Metric of the stream.';
comment on column planning.adjustments.operation is 'percent, add, set, floor or cap.';
comment on column planning.adjustments.value is 'Percent, or an amount of an interval in the stream''s unit: of all series in scope together where values add up, else of each.';
comment on column planning.adjustments.reason is 'Why.';
comment on column planning.adjustments.author is 'Who said so.';
comment on column planning.adjustments.withdrawn_at is 'When it was withdrawn; NULL while it holds.';

comment on table planning.adjusted is 'What adjustments make of a published forecast, append-only: factors on the rows of forecast.forecasts. Key: forecast_run_id, series_id, ts, known_at; current is the greatest known_at. Read analyst.forecast_final instead.';
comment on column planning.adjusted.stream is 'Stream that is forecast.';
comment on column planning.adjusted.origin is 'First instant that was not known, UTC.';
comment on column planning.adjusted.forecast_run_id is 'Run that published the forecast.';
comment on column planning.adjusted.series_id is 'Series that is adjusted.';
comment on column planning.adjusted.ts is 'Start of the interval, UTC.';
comment on column planning.adjusted.known_at is 'When this factor became known.';
comment on column planning.adjusted.factor is 'What the forecast is multiplied by: mean, quantiles and every path; 1 once all its adjustments are withdrawn.';
comment on column planning.adjusted.adjustment_ids is 'Adjustments that touched the interval, in the order in which they were applied.';
