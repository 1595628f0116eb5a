-- Current plans of capacity.
create or replace view analyst.capacity_latest as
    select
        capacity.stream,
        capacity.series_id,
        capacity.failure,
        capacity.origin,
        capacity.forecast_run_id,
        capacity.parallel,
        capacity.capacity,
        capacity.ceiling,
        capacity.peak,
        capacity.utilisation,
        capacity.headroom,
        capacity.suppressed,
        capacity.growth,
        capacity.runout_q05,
        capacity.runout_q10,
        capacity.runout_q25,
        capacity.runout_q50,
        capacity.runout_q75,
        capacity.runout_q90,
        capacity.runout_q95,
        capacity.runout_probability,
        capacity.confidence,
        capacity.lead_days,
        capacity.order_by,
        capacity.due,
        capacity.step,
        capacity.step_capacity,
        capacity.cost,
        capacity.wait_cost,
        capacity.expected_delay_loss,
        capacity.rule,
        capacity.run_id,
        capacity.currency
    from planning.capacity as capacity
    inner join analyst.plan_latest as latest
        on capacity.stream = latest.stream
        and capacity.origin = latest.origin
        and capacity.run_id = latest.run_id;

comment on view analyst.capacity_latest is 'When each link runs out and what is to be ordered in the current plan, one row a link and failure.';

create or replace view analyst.runout_latest as
    select
        runout.stream,
        runout.series_id,
        runout.failure,
        runout.date,
        runout.origin,
        runout.probability,
        runout.run_id
    from planning.runout as runout
    inner join analyst.plan_latest as latest
        on runout.stream = latest.stream
        and runout.origin = latest.origin
        and runout.run_id = latest.run_id;

comment on view analyst.runout_latest is 'Probability that a link has passed its limit by the end of each quarter, in the current plan.';

create or replace view analyst.capacity_findings as
    select
        findings.stream,
        findings.series_id,
        findings.finding,
        findings.origin,
        findings.note,
        findings.run_id
    from planning.findings as findings
    inner join analyst.plan_latest as latest
        on findings.stream = latest.stream
        and findings.origin = latest.origin
        and findings.run_id = latest.run_id;

comment on view analyst.capacity_findings is 'Remarks of the current capacity plan on series: beside their rows, or in their place.';
