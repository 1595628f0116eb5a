-- Every interval of a stream from `since` to `until` beside the newest forecast that there was for it: that of the last
-- origin up to the interval. Demand is as it was known at `until`. Filters on origin and ts reach the files.
create or replace macro analyst.freshest_vs_actual(name, since, until) as table
    with spans as (
        select stream, origin, run_id, lead(origin, 1, until::timestamptz) over (order by origin) as next_origin
        from forecast.current_publications(false, 'infinity'::timestamptz, until, false)
        where stream = name and origin < until and origin >= since::timestamptz - interval 35 days and not hindsight
    ),

    forecasts as (
        select
            forecasts.stream,
            forecasts.series_id,
            forecasts.ts,
            forecasts.origin,
            spans.next_origin,
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
        inner join spans
            on forecasts.stream = spans.stream
            and forecasts.origin = spans.origin
            and forecasts.run_id = spans.run_id
        where forecasts.stream = name
            and forecasts.ts < spans.next_origin
            and forecasts.ts >= since
            and forecasts.ts < until
            and forecasts.origin >= since::timestamptz - interval 35 days
    )

    select
        forecasts.*,
        history.y,
        forecasts.ts at time zone streams.timezone as ts_local,
        dayname(ts_local) as day_name,
        streams.unit
    from forecasts
    inner join analyst.history_as_of(until) as history
        on forecasts.stream = history.stream
        and forecasts.series_id = history.series_id
        and forecasts.ts = history.ts
    left join history.current_streams as streams on forecasts.stream = streams.stream
    where history.stream = name and history.ts >= since and history.y is not null;
