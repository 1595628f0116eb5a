-- Links of current publications: the one body of all that shows them.
create or replace macro planning.published_capacity(published_by, origin_by, newest_only) as table
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
        capacity.currency,
        publications.published_at,
        publications.complete,
        streams.unit
    from planning.capacity as capacity
    inner join forecast.current_publications(true, published_by, origin_by, newest_only) as publications
        on capacity.stream = publications.stream
        and capacity.origin = publications.origin
        and capacity.run_id = publications.run_id
    left join history.current_streams as streams on capacity.stream = streams.stream;

create or replace view analyst.capacity_latest as
    select *
    from planning.published_capacity('infinity'::timestamptz, 'infinity'::timestamptz, true);

comment on view analyst.capacity_latest is 'When each link runs out and what is to be ordered in the current plan, one row a link and failure.';

create or replace macro analyst.capacity_as_of(t) as table
    select *
    from planning.published_capacity(t, 'infinity'::timestamptz, false);

create or replace macro analyst.capacity_from_origin(t) as table
    select *
    from planning.published_capacity('infinity'::timestamptz, t, true);

-- Run-out dates of current publications: the one body of all that shows them.
create or replace macro planning.published_runout(published_by, origin_by, newest_only) as table
    select
        runout.stream,
        runout.series_id,
        runout.failure,
        runout.date,
        runout.origin,
        runout.probability,
        runout.run_id,
        publications.published_at,
        publications.complete
    from planning.runout as runout
    inner join forecast.current_publications(true, published_by, origin_by, newest_only) as publications
        on runout.stream = publications.stream
        and runout.origin = publications.origin
        and runout.run_id = publications.run_id
    left join history.current_streams as streams on runout.stream = streams.stream;

create or replace view analyst.runout_latest as
    select *
    from planning.published_runout('infinity'::timestamptz, 'infinity'::timestamptz, true);

comment on view analyst.runout_latest is 'Probability that a link has passed its limit by the end of each quarter, in the current plan.';

create or replace macro analyst.runout_as_of(t) as table
    select *
    from planning.published_runout(t, 'infinity'::timestamptz, false);

create or replace macro analyst.runout_from_origin(t) as table
    select *
    from planning.published_runout('infinity'::timestamptz, t, true);

-- Remarks on links of current publications: the one body of all that shows them.
create or replace macro planning.published_findings(published_by, origin_by, newest_only) as table
    select
        findings.stream,
        findings.series_id,
        findings.finding,
        findings.origin,
        findings.note,
        findings.run_id,
        publications.published_at,
        publications.complete
    from planning.findings as findings
    inner join forecast.current_publications(true, published_by, origin_by, newest_only) as publications
        on findings.stream = publications.stream
        and findings.origin = publications.origin
        and findings.run_id = publications.run_id
    left join history.current_streams as streams on findings.stream = streams.stream;

create or replace view analyst.capacity_findings as
    select *
    from planning.published_findings('infinity'::timestamptz, 'infinity'::timestamptz, true);

comment on view analyst.capacity_findings is 'Remarks of the current capacity plan on series: beside their rows, or in their place.';

create or replace macro analyst.capacity_findings_as_of(t) as table
    select *
    from planning.published_findings(t, 'infinity'::timestamptz, false);

create or replace macro analyst.capacity_findings_from_origin(t) as table
    select *
    from planning.published_findings('infinity'::timestamptz, t, true);
