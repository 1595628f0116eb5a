-- The forecast that speaks now: the newest publication of each stream's newest origin. The join names stream, origin and
-- run, each of which the statistics of files know, so that a reader opens only the files that hold the answer.
create or replace view analyst.forecast_latest as
    with latest as (
        select stream, max(origin) as origin, arg_max(run_id, (origin, published_at)) as run_id
        from forecast.publications
        where kind in ('nightly', 'manual', 'backfill')
        group by stream
    )

    select
        forecasts.stream,
        forecasts.series_id,
        forecasts.ts,
        forecasts.origin,
        forecasts.horizon_step,
        forecasts.mean,
        forecasts.q05,
        forecasts.q10,
        forecasts.q25,
        forecasts.q50,
        forecasts.q75,
        forecasts.q90,
        forecasts.q95,
        forecasts.tier,
        forecasts.model_id,
        coalesce(forecasts.hindsight, false) as hindsight,
        forecasts.run_id
    from forecast.forecasts as forecasts
    inner join latest
        on forecasts.stream = latest.stream
        and forecasts.origin = latest.origin
        and forecasts.run_id = latest.run_id;

comment on view analyst.forecast_latest is 'Forecasts that speak now: of each stream the newest origin, in its newest publication.';
