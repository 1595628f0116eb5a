-- Forecast rows of current publications: the one body of all that shows forecasts. They rest on rows alone, so they answer
-- for as long as the rows are kept, whatever becomes of the lake's snapshots.
create or replace macro forecast.published_forecasts(published_by, origin_by, newest_only) as table
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
        publications.published_at,
        publications.complete,
        forecasts.ts at time zone streams.timezone as ts_local,
        dayname(ts_local) as day_name,
        streams.unit
    from forecast.forecasts as forecasts
    inner join forecast.current_publications(false, published_by, origin_by, newest_only) as publications
        on forecasts.stream = publications.stream
        and forecasts.origin = publications.origin
        and forecasts.run_id = publications.run_id
    left join history.current_streams as streams on forecasts.stream = streams.stream;

-- The newest publication of each stream's newest origin.
create or replace view analyst.forecast_latest as
    select *
    from forecast.published_forecasts('infinity'::timestamptz, 'infinity'::timestamptz, true);

comment on view analyst.forecast_latest is 'Current forecasts: of each stream the newest origin, in its newest publication.';

-- What was published by t: every origin in the newest of the publications that there were then.
create or replace macro analyst.forecast_as_of(t) as table
    select *
    from forecast.published_forecasts(t, 'infinity'::timestamptz, false);

-- What is published today of the newest origin up to t, whenever it was issued.
create or replace macro analyst.forecast_from_origin(t) as table
    select *
    from forecast.published_forecasts('infinity'::timestamptz, t, true);

-- Every published origin beside what was measured since.
create or replace view analyst.forecast_vs_actual as
    with actual as (
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
        forecasts.hindsight,
        forecasts.run_id,
        forecasts.published_at,
        forecasts.complete,
        forecasts.ts_local,
        forecasts.day_name,
        forecasts.unit
    from forecast.published_forecasts('infinity'::timestamptz, 'infinity'::timestamptz, false) as forecasts
    left join actual
        on forecasts.stream = actual.stream
        and forecasts.series_id = actual.series_id
        and forecasts.ts = actual.ts;

comment on view analyst.forecast_vs_actual is 'Every published forecast, each origin in its newest publication, beside the demand measured since.';
