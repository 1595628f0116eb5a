-- Sums and peaks that speak now, found as analyst.forecast_latest finds its rows.
create or replace view analyst.aggregates_latest as
    with latest as (
        select
            stream,
            max(origin) as origin,
            arg_max(run_id, (origin, published_at)) as run_id,
            arg_max(coalesce(hindsight, false), (origin, published_at)) as hindsight
        from forecast.publications
        where kind in ('nightly', 'manual', 'backfill')
        group by stream
    )

    select
        aggregates.stream,
        aggregates.level,
        aggregates.group_key,
        aggregates.stat,
        aggregates.period,
        aggregates.ts,
        aggregates.origin,
        aggregates.mean,
        aggregates.q05,
        aggregates.q10,
        aggregates.q25,
        aggregates.q50,
        aggregates.q75,
        aggregates.q90,
        aggregates.q95,
        latest.hindsight,
        aggregates.run_id
    from forecast.aggregates as aggregates
    inner join latest
        on aggregates.stream = latest.stream
        and aggregates.origin = latest.origin
        and aggregates.run_id = latest.run_id;

comment on view analyst.aggregates_latest is 'Sums, days, weeks, peaks and busy hours of groups and series that speak now: of each stream the newest origin, in its newest publication. Quantiles do not add; means of sums do.';
