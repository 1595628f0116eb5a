-- Paths that speak now, found as analyst.forecast_latest finds its rows.
create or replace view analyst.paths_latest as
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
        paths.stream,
        paths.series_id,
        paths.ts,
        paths.origin,
        paths.y,
        latest.hindsight,
        paths.run_id
    from forecast.paths as paths
    inner join latest
        on paths.stream = latest.stream
        and paths.origin = latest.origin
        and paths.run_id = latest.run_id;

comment on view analyst.paths_latest is 'Joint sample paths that speak now, where the stream keeps them: of each stream the newest origin, in its newest publication.';
