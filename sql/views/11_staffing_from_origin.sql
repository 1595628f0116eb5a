-- Agents as they are planned from the night at t: of each stream the newest planned origin up to t, whenever issued, in its
-- newest publication.
create or replace macro analyst.staffing_from_origin(t) as table
    with spoken as (
        select
            stream,
            max(origin) as origin,
            arg_max(run_id, (origin, published_at)) as run_id,
            arg_max(published_at, (origin, published_at)) as published_at
        from forecast.publications
        where kind = 'plan' and origin <= t
        group by stream
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
