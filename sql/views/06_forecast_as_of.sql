-- What was published by t: every origin in the newest of the publications that there were then. It rests on rows alone,
-- so it answers for as long as the rows are kept, whatever becomes of the lake's snapshots.
create or replace macro analyst.forecast_as_of(t) as table
    with spoken as (
        select stream, origin, arg_max(run_id, published_at) as run_id, max(published_at) as published_at
        from forecast.publications
        where kind in ('nightly', 'manual', 'backfill') and published_at <= t
        group by stream, origin
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
