create schema if not exists planning;

create table planning.staffing (
    run_id varchar not null,
    stream varchar not null,
    pool_id varchar not null,
    ts timestamptz not null,
    risk double not null,
    origin timestamptz not null,
    forecast_run_id varchar not null,
    handle_run_id varchar not null,
    calls double not null,
    handle double not null,
    load double not null,
    load_at_risk double not null,
    agents integer not null,
    rostered integer not null,
    met double not null,
    service_level double not null,
    asa double not null,
    occupancy double not null,
    abandonment double not null,
    rule varchar not null,
    expected_agents integer not null,
    plug_in_agents integer not null,
    plug_in_service_level double not null
);
alter table planning.staffing set partitioned by (stream, year(origin), month(origin));
alter table planning.staffing set sorted by (origin, pool_id, ts, risk);

comment on table planning.staffing is 'Agents for every open interval, of every run, published or not; read analyst.staffing_latest instead. Key: run_id, stream, pool_id, ts, risk. Service level everywhere: the share of all offered calls that is answered within the target''s seconds; callers who gave up count as not answered in time.';
comment on column planning.staffing.run_id is 'Run that planned; see forecast.runs.';
comment on column planning.staffing.stream is 'Stream of the calls.';
comment on column planning.staffing.pool_id is 'Series that one team answers, as [planning.staffing.pools] names them; the series itself where it names none.';
comment on column planning.staffing.ts is 'UTC start of the interval.';
comment on column planning.staffing.risk is 'Probability of meeting the target in an interval that the row is planned for, on the average of a local day.';
comment on column planning.staffing.origin is 'First instant that was not known, UTC.';
comment on column planning.staffing.forecast_run_id is 'Run whose forecast of calls was planned for.';
comment on column planning.staffing.handle_run_id is 'Run whose forecast of handle times was planned for.';
comment on column planning.staffing.calls is 'Mean calls of the interval.';
comment on column planning.staffing.handle is 'Mean handle time of a call, seconds.';
comment on column planning.staffing.load is 'Mean offered load, Erlangs: calls a second times handle seconds.';
comment on column planning.staffing.load_at_risk is 'Load that is not exceeded with probability risk, Erlangs; sampling noise of single calls is removed: the queueing formula brings its own.';
comment on column planning.staffing.agents is 'Agents on the phones.';
comment on column planning.staffing.rostered is 'People to roster: agents / (1 - shrinkage), rounded up.';
comment on column planning.staffing.met is 'Probability that this interval meets the target with these agents.';
comment on column planning.staffing.service_level is 'Expected share of all offered calls answered in time with these agents.';
comment on column planning.staffing.asa is 'Expected mean wait over all calls, seconds.';
comment on column planning.staffing.occupancy is 'Expected share of their time that agents spend on calls.';
comment on column planning.staffing.abandonment is 'Expected share of all offered calls whose caller gives up.';
comment on column planning.staffing.rule is 'What decided: target, earlier_surplus (earlier intervals of the day were rounded up beyond the target), min_agents, max_occupancy or no_load.';
comment on column planning.staffing.expected_agents is 'Fewest agents whose expected service level reaches the target.';
comment on column planning.staffing.plug_in_agents is 'Agents that the median forecasts alone would give.';
comment on column planning.staffing.plug_in_service_level is 'Expected service level with plug_in_agents.';

comment on column forecast.publications.stream is 'Stream that was forecast or planned.';
comment on column forecast.publications.origin is 'Origin of the forecast or plan, UTC.';
comment on column forecast.publications.kind is 'nightly, manual or backfill for forecasts, plan for plans; forecasts and plans replace only their own kind.';
comment on column forecast.publications.replaces is 'Run that was current for this stream and origin before, a forecast or a plan as this one; NULL for the first.';
comment on column forecast.publications.content_hash is 'Hash of the published values without their lineage; an equal re-issue publishes nothing.';
comment on column forecast.publications.rows is 'Number of forecast rows, or of a plan''s rows in all its tables.';
comment on column forecast.runs.kind is 'nightly, manual or backfill for forecasts; ingest, train, score, plan or evaluate for the other steps; maintain for the lake''s upkeep.';
