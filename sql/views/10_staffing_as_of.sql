-- Agents as they were planned by t: every origin in the newest of the publications that there were then.
create or replace macro analyst.staffing_as_of(t) as table
    with spoken as (
        select stream, origin, arg_max(run_id, published_at) as run_id, max(published_at) as published_at
        from forecast.publications
        where kind = 'plan' and published_at <= t
        group by stream, origin
    )

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
        staffing.run_id,
        spoken.published_at
    from planning.staffing as staffing
    inner join spoken
        on staffing.stream = spoken.stream
        and staffing.origin = spoken.origin
        and staffing.run_id = spoken.run_id;
