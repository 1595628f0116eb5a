-- Agents that are planned now.
create or replace view analyst.staffing_latest as
    select
        staffing.stream,
        staffing.pool_id,
        staffing.ts,
        staffing.confidence,
        staffing.origin,
        staffing.calls,
        staffing.handle,
        staffing.load,
        staffing.load_at_confidence,
        staffing.agents,
        staffing.rostered,
        staffing.met,
        staffing.service_level,
        staffing.asa,
        staffing.occupancy,
        staffing.abandonment,
        staffing.rule,
        staffing.expected_agents,
        staffing.plug_in_agents,
        staffing.plug_in_service_level,
        staffing.forecast_run_id,
        staffing.handle_run_id,
        staffing.run_id
    from planning.staffing as staffing
    inner join analyst.plan_latest as latest
        on staffing.stream = latest.stream
        and staffing.origin = latest.origin
        and staffing.run_id = latest.run_id;

comment on view analyst.staffing_latest is 'Agents that are planned now, one row an open interval and level of confidence: of each stream the newest planned origin, in its newest publication.';
