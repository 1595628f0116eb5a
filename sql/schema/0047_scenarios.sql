alter table forecast.publications add column scenario varchar;
comment on column forecast.publications.scenario is 'Scenario that was planned; NULL for forecasts, and for the plan of what is expected.';
comment on column forecast.publications.kind is 'nightly, manual, backfill, plan or scenario.';

create table planning.scenarios (
    scenario varchar not null,
    known_at timestamptz not null,
    reason varchar not null,
    author varchar not null,
    closed boolean not null
);
create table planning.scenario_rules (
    scenario varchar not null,
    stream varchar not null,
    rule varchar not null,
    known_at timestamptz not null,
    value varchar,
    author varchar not null
);
create table planning.scenario_copies (
    scenario varchar not null,
    stream varchar not null,
    copy varchar not null,
    known_at timestamptz not null,
    series_id varchar not null,
    percent double not null,
    starts_at timestamptz not null,
    ramp_days integer not null,
    author varchar not null
);
create table planning.scenario_deltas (
    run_id varchar not null,
    stream varchar not null,
    place varchar not null,
    measure varchar not null,
    period varchar not null,
    ts timestamptz not null,
    origin timestamptz not null,
    base double not null,
    scenario double not null,
    delta double not null,
    delta_q10 double,
    delta_q90 double
);
alter table planning.scenario_deltas set partitioned by (stream, year(origin), month(origin));
alter table planning.scenario_deltas set sorted by (origin, place, measure, period, ts);

comment on table planning.scenarios is 'What planners compare with the plan, append-only: a row when a scenario is made and one when it is closed. Key: scenario, known_at; current is the greatest known_at.';
comment on column planning.scenarios.scenario is 'Name of the scenario.';
comment on column planning.scenarios.known_at is 'When this version became known.';
comment on column planning.scenarios.reason is 'What it is about.';
comment on column planning.scenarios.author is 'Who made it.';
comment on column planning.scenarios.closed is 'Whether nothing is planned by it any more.';

comment on table planning.scenario_rules is 'Rules of planning that a scenario changes, append-only. Key: scenario, stream, rule, known_at; current is the greatest known_at.';
comment on column planning.scenario_rules.scenario is 'Name of the scenario.';
comment on column planning.scenario_rules.stream is 'Stream whose plan it changes.';
comment on column planning.scenario_rules.rule is 'Key of [planning.staffing], such as shrinkage.';
comment on column planning.scenario_rules.known_at is 'When this version became known.';
comment on column planning.scenario_rules.value is 'Its value as written; NULL: the rule is again that of the definition.';
comment on column planning.scenario_rules.author is 'Who changed it.';

comment on table planning.scenario_copies is 'Series that a scenario adds as copies of others, append-only. Key: scenario, stream, copy, known_at; current is the greatest known_at.';
comment on column planning.scenario_copies.scenario is 'Name of the scenario.';
comment on column planning.scenario_copies.stream is 'Stream of both series.';
comment on column planning.scenario_copies.copy is 'Name of the pool that answers for the new series.';
comment on column planning.scenario_copies.known_at is 'When this version became known.';
comment on column planning.scenario_copies.series_id is 'Series whose paths it has.';
comment on column planning.scenario_copies.percent is 'Its level beside that of the other, in percent.';
comment on column planning.scenario_copies.starts_at is 'First instant of its demand, UTC.';
comment on column planning.scenario_copies.ramp_days is 'Days in which it grows from nothing to that level.';
comment on column planning.scenario_copies.author is 'Who said so.';

comment on table planning.scenario_deltas is 'What plans of scenarios differ by from the plan, of every run, published or not; read analyst.scenario_delta instead. Both are made from the same random paths. Key: run_id, stream, place, measure, period, ts.';
comment on column planning.scenario_deltas.run_id is 'Run that made the row; see forecast.runs.';
comment on column planning.scenario_deltas.stream is 'Stream that was planned.';
comment on column planning.scenario_deltas.place is 'Pool or link; all for everything together.';
comment on column planning.scenario_deltas.measure is 'calls, work_hours, agent_hours, rostered_hours, paid_hours, service_level, links_due or cost.';
comment on column planning.scenario_deltas.period is 'day, week, or horizon.';
comment on column planning.scenario_deltas.ts is 'UTC start of the period.';
comment on column planning.scenario_deltas.origin is 'First instant that was not known, UTC.';
comment on column planning.scenario_deltas.base is 'In the plan; a mean over paths where paths differ.';
comment on column planning.scenario_deltas.scenario is 'In the scenario.';
comment on column planning.scenario_deltas.delta is 'Difference of the two.';
comment on column planning.scenario_deltas.delta_q10 is 'Quantile 0.1 of the difference over the paths that both have; NULL where it is no matter of chance.';
comment on column planning.scenario_deltas.delta_q90 is 'Quantile 0.9 of it.';
