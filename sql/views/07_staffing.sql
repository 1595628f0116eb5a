-- Agents of current plans: the one body of all that shows agents.
create or replace macro planning.published_staffing(published_by, origin_by, newest_only) as table
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
        publications.published_at,
        publications.complete,
        staffing.ts at time zone streams.timezone as ts_local,
        dayname(ts_local) as day_name
    from planning.staffing as staffing
    inner join forecast.current_publications(true, published_by, origin_by, newest_only) as publications
        on staffing.stream = publications.stream
        and staffing.origin = publications.origin
        and staffing.run_id = publications.run_id
    left join history.current_streams as streams on staffing.stream = streams.stream;

-- Those of the current plan of each stream.
create or replace view analyst.staffing_latest as
    select *
    from planning.published_staffing('infinity'::timestamptz, 'infinity'::timestamptz, true);

comment on view analyst.staffing_latest is 'Agents of the current plan, one row an open interval and level of confidence: of each stream the newest planned origin, in its newest publication.';

-- Agents as they were planned by t: every origin in the newest of the publications that there were then.
create or replace macro analyst.staffing_as_of(t) as table
    select *
    from planning.published_staffing(t, 'infinity'::timestamptz, false);

-- Agents as they are planned from the newest origin up to t, whenever that plan was issued.
create or replace macro analyst.staffing_from_origin(t) as table
    select *
    from planning.published_staffing('infinity'::timestamptz, t, true);

-- Days and weeks of current publications: the one body of all that shows them.
create or replace macro planning.published_staffing_periods(published_by, origin_by, newest_only) as table
    select
        staffing_periods.stream,
        staffing_periods.pool_id,
        staffing_periods.period,
        staffing_periods.ts,
        staffing_periods.confidence,
        staffing_periods.origin,
        staffing_periods.calls,
        staffing_periods.calls_q10,
        staffing_periods.calls_q50,
        staffing_periods.calls_q90,
        staffing_periods.agent_hours,
        staffing_periods.rostered_hours,
        staffing_periods.service_level,
        staffing_periods.service_level_q10,
        staffing_periods.service_level_q50,
        staffing_periods.met,
        staffing_periods.run_id,
        publications.published_at,
        publications.complete,
        staffing_periods.ts at time zone streams.timezone as ts_local,
        dayname(ts_local) as day_name
    from planning.staffing_periods as staffing_periods
    inner join forecast.current_publications(true, published_by, origin_by, newest_only) as publications
        on staffing_periods.stream = publications.stream
        and staffing_periods.origin = publications.origin
        and staffing_periods.run_id = publications.run_id
    left join history.current_streams as streams on staffing_periods.stream = streams.stream;

create or replace view analyst.staffing_periods_latest as
    select *
    from planning.published_staffing_periods('infinity'::timestamptz, 'infinity'::timestamptz, true);

comment on view analyst.staffing_periods_latest is 'What the agents of the current plan give over local days and weeks.';

create or replace macro analyst.staffing_periods_as_of(t) as table
    select *
    from planning.published_staffing_periods(t, 'infinity'::timestamptz, false);

create or replace macro analyst.staffing_periods_from_origin(t) as table
    select *
    from planning.published_staffing_periods('infinity'::timestamptz, t, true);

-- Multi-skill groups of current publications: the one body of all that shows them.
create or replace macro planning.published_groups(published_by, origin_by, newest_only) as table
    select
        groups.stream,
        groups.group_key,
        groups.ts,
        groups.confidence,
        groups.origin,
        groups.agents,
        groups.rostered,
        groups.run_id,
        publications.published_at,
        publications.complete,
        groups.ts at time zone streams.timezone as ts_local,
        dayname(ts_local) as day_name
    from planning.groups as groups
    inner join forecast.current_publications(true, published_by, origin_by, newest_only) as publications
        on groups.stream = publications.stream
        and groups.origin = publications.origin
        and groups.run_id = publications.run_id
    left join history.current_streams as streams on groups.stream = streams.stream;

create or replace view analyst.groups_latest as
    select *
    from planning.published_groups('infinity'::timestamptz, 'infinity'::timestamptz, true);

comment on view analyst.groups_latest is 'Agents of each multi-skill group in the current plan.';

create or replace macro analyst.groups_as_of(t) as table
    select *
    from planning.published_groups(t, 'infinity'::timestamptz, false);

create or replace macro analyst.groups_from_origin(t) as table
    select *
    from planning.published_groups('infinity'::timestamptz, t, true);

-- Calls of pools of current plans: the one body of all that shows them.
create or replace macro planning.published_pool_calls(published_by, origin_by, newest_only) as table
    select
        pool_calls.stream,
        pool_calls.pool_id,
        pool_calls.ts,
        pool_calls.origin,
        pool_calls.calls,
        pool_calls.q05,
        pool_calls.q10,
        pool_calls.q25,
        pool_calls.q50,
        pool_calls.q75,
        pool_calls.q90,
        pool_calls.q95,
        pool_calls.run_id,
        publications.published_at,
        publications.complete,
        pool_calls.ts at time zone streams.timezone as ts_local,
        dayname(ts_local) as day_name
    from planning.pool_calls as pool_calls
    inner join forecast.current_publications(true, published_by, origin_by, newest_only) as publications
        on pool_calls.stream = publications.stream
        and pool_calls.origin = publications.origin
        and pool_calls.run_id = publications.run_id
    left join history.current_streams as streams on pool_calls.stream = streams.stream;

create or replace view analyst.pool_calls_latest as
    select *
    from planning.published_pool_calls('infinity'::timestamptz, 'infinity'::timestamptz, true);

comment on view analyst.pool_calls_latest is 'Calls of each pool that the current plan expects, one row an open interval.';

create or replace macro analyst.pool_calls_as_of(t) as table
    select *
    from planning.published_pool_calls(t, 'infinity'::timestamptz, false);

create or replace macro analyst.pool_calls_from_origin(t) as table
    select *
    from planning.published_pool_calls('infinity'::timestamptz, t, true);
