-- Scenarios as they are now.
create or replace view analyst.scenarios as
    select
        scenarios.scenario,
        min(scenarios.known_at) as known_at,
        arg_max(scenarios.reason, scenarios.known_at) as reason,
        arg_max(scenarios.author, scenarios.known_at) as author,
        arg_max(scenarios.closed, scenarios.known_at) as closed
    from planning.scenarios as scenarios
    group by scenarios.scenario;

comment on view analyst.scenarios is 'What planners compare with the plan.';

-- What the newest plan of each stream and scenario differs by.
create or replace view analyst.scenario_delta as
    select
        deltas.stream,
        publications.scenario,
        deltas.place,
        deltas.measure,
        deltas.period,
        deltas.ts,
        deltas.ts at time zone streams.timezone as ts_local,
        dayname(ts_local) as day_name,
        deltas.base,
        deltas.scenario as scenario_value,
        deltas.delta,
        deltas.delta_q10,
        deltas.delta_q90,
        deltas.origin,
        deltas.run_id,
        publications.published_at,
        publications.complete
    from planning.scenario_deltas as deltas
    inner join planning.scenario_publications as publications
        on deltas.stream = publications.stream
        and deltas.origin = publications.origin
        and deltas.run_id = publications.run_id
    left join history.current_streams as streams on deltas.stream = streams.stream;

comment on view analyst.scenario_delta is 'Calls, hours, service and orders of scenarios beside those of the plan, from the same random paths.';
