-- Days and weeks of the plan that speaks now.
create or replace view analyst.staffing_periods_latest as
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
        staffing_periods.run_id
    from planning.staffing_periods as staffing_periods
    inner join analyst.plan_latest as latest
        on staffing_periods.stream = latest.stream
        and staffing_periods.origin = latest.origin
        and staffing_periods.run_id = latest.run_id;

comment on view analyst.staffing_periods_latest is 'What the agents that are planned now give over local days and weeks.';
