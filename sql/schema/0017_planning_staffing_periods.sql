create table planning.staffing_periods (
    run_id varchar not null,
    stream varchar not null,
    pool_id varchar not null,
    period varchar not null,
    ts timestamptz not null,
    risk double not null,
    origin timestamptz not null,
    calls double not null,
    calls_q10 double not null,
    calls_q50 double not null,
    calls_q90 double not null,
    agent_hours double not null,
    rostered_hours double not null,
    service_level double not null,
    service_level_q10 double not null,
    service_level_q50 double not null,
    met double not null
);
alter table planning.staffing_periods set partitioned by (stream, year(origin), month(origin));
alter table planning.staffing_periods set sorted by (origin, pool_id, period, ts, risk);

comment on table planning.staffing_periods is 'What the agents of planning.staffing give over local days and weeks, the dependence between intervals respected; read analyst.staffing_periods_latest instead. Key: run_id, stream, pool_id, period, ts, risk.';
comment on column planning.staffing_periods.run_id is 'Run that planned; see forecast.runs.';
comment on column planning.staffing_periods.stream is 'Stream of the calls.';
comment on column planning.staffing_periods.pool_id is 'Pool of series that one team answers.';
comment on column planning.staffing_periods.period is 'day or week, local; of a week that the horizon cuts, the planned part.';
comment on column planning.staffing_periods.ts is 'Local start of the period, UTC.';
comment on column planning.staffing_periods.risk is 'Probability of meeting the target in an interval that the agents were planned for.';
comment on column planning.staffing_periods.origin is 'First instant that was not known, UTC.';
comment on column planning.staffing_periods.calls is 'Mean calls of the period.';
comment on column planning.staffing_periods.calls_q10 is 'Calls of the period that are exceeded 90 times in 100.';
comment on column planning.staffing_periods.calls_q50 is 'Median calls of the period.';
comment on column planning.staffing_periods.calls_q90 is 'Calls of the period that are exceeded 10 times in 100.';
comment on column planning.staffing_periods.agent_hours is 'Hours of agents on the phones.';
comment on column planning.staffing_periods.rostered_hours is 'Hours of people to roster.';
comment on column planning.staffing_periods.service_level is 'Expected share of all offered calls of the period answered in time.';
comment on column planning.staffing_periods.service_level_q10 is 'Service level of the period that is exceeded 90 times in 100.';
comment on column planning.staffing_periods.service_level_q50 is 'Median service level of the period.';
comment on column planning.staffing_periods.met is 'Probability that the period as a whole meets the target.';
