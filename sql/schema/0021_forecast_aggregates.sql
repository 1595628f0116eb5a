create table forecast.aggregates (
    run_id varchar not null,
    stream varchar not null,
    level varchar not null,
    group_key varchar not null,
    stat varchar not null,
    period varchar not null,
    ts timestamptz not null,
    origin timestamptz not null,
    mean double not null,
    q05 double not null,
    q10 double not null,
    q25 double not null,
    q50 double not null,
    q75 double not null,
    q90 double not null,
    q95 double not null
);
alter table forecast.aggregates set partitioned by (stream, year(origin), month(origin));
alter table forecast.aggregates set sorted by (origin, level, group_key, stat, period, ts);

comment on table forecast.aggregates is 'Quantiles of sums, days, weeks, peaks and busy hours of groups and series, of every run, published or not; read analyst.aggregates_latest instead. Made from joint paths: they hold the dependence between series and intervals, and quantiles of a group are not the sum of its parts''. Key: run_id, stream, level, group_key, stat, period, ts.';
comment on column forecast.aggregates.run_id is 'Run that made the row; see forecast.runs.';
comment on column forecast.aggregates.stream is 'Stream that was forecast.';
comment on column forecast.aggregates.level is 'Level of the hierarchy, from all (everything together) down; series for a single series.';
comment on column forecast.aggregates.group_key is 'Group of that level: its attributes from the coarsest down, joined by /; all for everything; the series_id for a single series.';
comment on column forecast.aggregates.stat is 'What the numbers are of: sum or mean of the period, max (its highest interval), p95 (the 95th percentile of its intervals) or busy_hour (its busiest 60 minutes, ITU-T E.500; of a week the mean of its days).';
comment on column forecast.aggregates.period is 'interval, day or week, local; a week is from Monday or, of a horizon without a whole one, its first seven days.';
comment on column forecast.aggregates.ts is 'Local start of the period, UTC.';
comment on column forecast.aggregates.origin is 'First instant that was not known, UTC.';
comment on column forecast.aggregates.mean is 'Mean of the predictive distribution.';
comment on column forecast.aggregates.q05 is 'Value that is exceeded 95 times in 100.';
comment on column forecast.aggregates.q10 is 'Value that is exceeded 90 times in 100.';
comment on column forecast.aggregates.q25 is 'Value that is exceeded 75 times in 100.';
comment on column forecast.aggregates.q50 is 'Median.';
comment on column forecast.aggregates.q75 is 'Value that is exceeded 25 times in 100.';
comment on column forecast.aggregates.q90 is 'Value that is exceeded 10 times in 100.';
comment on column forecast.aggregates.q95 is 'Value that is exceeded 5 times in 100.';
