-- Sums and peaks with the adjustments of planners: the one body of all that shows them.
create or replace macro planning.final_aggregates(published_by, origin_by, newest_only, known_by) as table
    with adjusted as (
        select max_by(rows, known_at) as row
        from planning.adjusted_aggregates as rows
        where known_at <= known_by
        group by forecast_run_id, stream, origin, level, group_key, stat, period, ts
    )

    select
        aggregates.stream,
        aggregates.level,
        aggregates.group_key,
        aggregates.stat,
        aggregates.period,
        aggregates.ts,
        aggregates.origin,
        coalesce(adjusted.row.mean, aggregates.mean) as mean,
        coalesce(adjusted.row.q05, aggregates.q05) as q05,
        coalesce(adjusted.row.q10, aggregates.q10) as q10,
        coalesce(adjusted.row.q25, aggregates.q25) as q25,
        coalesce(adjusted.row.q50, aggregates.q50) as q50,
        coalesce(adjusted.row.q75, aggregates.q75) as q75,
        coalesce(adjusted.row.q90, aggregates.q90) as q90,
        coalesce(adjusted.row.q95, aggregates.q95) as q95,
        aggregates.mean as statistical_mean,
        aggregates.q50 as statistical_q50,
        coalesce(adjusted.row.adjustment_ids, []::varchar[]) as adjustment_ids,
        aggregates.run_id,
        aggregates.published_at,
        aggregates.complete,
        aggregates.ts_local,
        aggregates.day_name,
        aggregates.unit
    from forecast.published_aggregates(published_by, origin_by, newest_only) as aggregates
    left join adjusted
        on aggregates.run_id = adjusted.row.forecast_run_id
        and aggregates.stream = adjusted.row.stream
        and aggregates.origin = adjusted.row.origin
        and aggregates.level = adjusted.row.level
        and aggregates.group_key = adjusted.row.group_key
        and aggregates.stat = adjusted.row.stat
        and aggregates.period = adjusted.row.period
        and aggregates.ts = adjusted.row.ts;

create or replace view analyst.aggregates_final as
    select *
    from planning.final_aggregates('infinity'::timestamptz, 'infinity'::timestamptz, true, 'infinity'::timestamptz);

comment on view analyst.aggregates_final is 'Current sums and peaks with the adjustments of planners, beside the statistical numbers.';

-- What was published and adjusted by t.
create or replace macro analyst.aggregates_final_as_of(t) as table
    select *
    from planning.final_aggregates(t, 'infinity'::timestamptz, false, t);

-- What is published today of the newest origin up to t, with the adjustments that hold.
create or replace macro analyst.aggregates_final_from_origin(t) as table
    select *
    from planning.final_aggregates('infinity'::timestamptz, t, true, 'infinity'::timestamptz);
