-- Every published origin beside what was measured since.
create or replace view analyst.forecast_vs_actual as
    with spoken as (
        select stream, origin, arg_max(run_id, published_at) as run_id
        from forecast.publications
        where kind in ('nightly', 'manual', 'backfill')
        group by stream, origin
    ),

    actual as (
        select stream, series_id, ts, arg_max_null(y, available_at) as y
        from history.demand
        group by stream, series_id, ts
    )

    select
        forecasts.stream,
        forecasts.series_id,
        forecasts.ts,
        forecasts.origin,
        forecasts.horizon_step,
        actual.y,
        forecasts.mean,
        forecasts.q05,
        forecasts.q10,
        forecasts.q25,
        forecasts.q50,
        forecasts.q75,
        forecasts.q90,
        forecasts.q95,
        forecasts.q50 - actual.y as error,
        actual.y between forecasts.q10 and forecasts.q90 as inside80,
        forecasts.tier,
        forecasts.model_id,
        coalesce(forecasts.hindsight, false) as hindsight,
        forecasts.run_id
    from forecast.forecasts as forecasts
    inner join spoken
        on forecasts.stream = spoken.stream
        and forecasts.origin = spoken.origin
        and forecasts.run_id = spoken.run_id
    left join actual
        on forecasts.stream = actual.stream
        and forecasts.series_id = actual.series_id
        and forecasts.ts = actual.ts;

comment on view analyst.forecast_vs_actual is 'Every published forecast, each origin in its newest publication, beside the demand measured since.';
