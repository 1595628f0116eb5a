-- What is said today of the night at t: of each stream the newest origin up to t, whenever issued, in its newest
-- publication.
create or replace macro analyst.forecast_from_origin(t) as table
    with spoken as (
        select
            stream,
            max(origin) as origin,
            arg_max(run_id, (origin, published_at)) as run_id,
            arg_max(published_at, (origin, published_at)) as published_at
        from forecast.publications
        where kind in ('nightly', 'manual', 'backfill') and origin <= t
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
        forecasts.run_id,
        spoken.published_at
    from forecast.forecasts as forecasts
    inner join spoken
        on forecasts.stream = spoken.stream
        and forecasts.origin = spoken.origin
        and forecasts.run_id = spoken.run_id;
