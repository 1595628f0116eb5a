create table planning.pool_calls (
    run_id varchar not null,
    stream varchar not null,
    pool_id varchar not null,
    ts timestamptz not null,
    origin timestamptz not null,
    calls double not null,
    q05 double not null,
    q10 double not null,
    q25 double not null,
    q50 double not null,
    q75 double not null,
    q90 double not null,
    q95 double not null
);
alter table planning.pool_calls set partitioned by (stream, year(origin), month(origin));
alter table planning.pool_calls set sorted by (origin, pool_id, ts);

comment on table planning.pool_calls is 'Calls that a plan expects of each pool in an interval; read analyst.pool_calls_latest instead. Key: run_id, stream, pool_id, ts.';
comment on column planning.pool_calls.run_id is 'Run that planned; see forecast.runs.';
comment on column planning.pool_calls.stream is 'Stream of the calls.';
comment on column planning.pool_calls.pool_id is 'Pool of series that one team answers.';
comment on column planning.pool_calls.ts is 'UTC start of the interval.';
comment on column planning.pool_calls.origin is 'First instant that was not known, UTC.';
comment on column planning.pool_calls.calls is 'Mean calls.';
comment on column planning.pool_calls.q05 is '5% quantile of calls, from joint paths of the series of the pool; quantiles of series do not add.';
comment on column planning.pool_calls.q10 is '10% quantile of calls.';
comment on column planning.pool_calls.q25 is '25% quantile of calls.';
comment on column planning.pool_calls.q50 is 'Median of calls.';
comment on column planning.pool_calls.q75 is '75% quantile of calls.';
comment on column planning.pool_calls.q90 is '90% quantile of calls.';
comment on column planning.pool_calls.q95 is '95% quantile of calls.';
