create table planning.adjusted_aggregates (
    stream varchar not null,
    origin timestamptz not null,
    forecast_run_id varchar not null,
    level varchar not null,
    group_key varchar not null,
    stat varchar not null,
    period varchar not null,
    ts timestamptz not null,
    known_at timestamptz not null,
    mean double not null,
    q05 double not null,
    q10 double not null,
    q25 double not null,
    q50 double not null,
    q75 double not null,
    q90 double not null,
    q95 double not null,
    adjustment_ids varchar[] not null
);
alter table planning.adjusted_aggregates set partitioned by (stream, year(origin), month(origin));
alter table planning.adjusted_aggregates set sorted by (level, group_key, stat, period, ts);

comment on table planning.adjusted_aggregates is 'What adjustments make of published sums and peaks, append-only. Key: forecast_run_id, level, group_key, stat, period, ts, known_at; current is the greatest known_at. Read analyst.aggregates_final instead.';
comment on column planning.adjusted_aggregates.stream is 'Stream that is forecast.';
comment on column planning.adjusted_aggregates.origin is 'First instant that was not known, UTC.';
comment on column planning.adjusted_aggregates.forecast_run_id is 'Run that published the forecast.';
comment on column planning.adjusted_aggregates.level is 'Level of the hierarchy.';
comment on column planning.adjusted_aggregates.group_key is 'Group of that level.';
comment on column planning.adjusted_aggregates.stat is 'sum, mean, max, p95 or busy_hour.';
comment on column planning.adjusted_aggregates.period is 'interval, day, week or month.';
comment on column planning.adjusted_aggregates.ts is 'UTC start of the period.';
comment on column planning.adjusted_aggregates.known_at is 'When this became known.';
comment on column planning.adjusted_aggregates.mean is 'Mean with the adjustments.';
comment on column planning.adjusted_aggregates.q05 is 'Quantile 0.05 with the adjustments.';
comment on column planning.adjusted_aggregates.q10 is 'Quantile 0.1 with the adjustments.';
comment on column planning.adjusted_aggregates.q25 is 'Quantile 0.25 with the adjustments.';
comment on column planning.adjusted_aggregates.q50 is 'Median with the adjustments.';
comment on column planning.adjusted_aggregates.q75 is 'Quantile 0.75 with the adjustments.';
comment on column planning.adjusted_aggregates.q90 is 'Quantile 0.9 with the adjustments.';
comment on column planning.adjusted_aggregates.q95 is 'Quantile 0.95 with the adjustments.';
comment on column planning.adjusted_aggregates.adjustment_ids is 'Adjustments that touch the group; none once they are withdrawn.';
