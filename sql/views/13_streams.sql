-- Streams and what is current of each.
create or replace view analyst.streams as
    with forecasts as (
        select *
        from forecast.current_publications(false, 'infinity'::timestamptz, 'infinity'::timestamptz, true)
    ),

    plans as (
        select *
        from forecast.current_publications(true, 'infinity'::timestamptz, 'infinity'::timestamptz, true)
    )

    select
        streams.stream,
        streams.metric,
        streams.unit,
        streams.timezone,
        streams.aggregate,
        streams.minutes,
        streams.horizon_minutes,
        forecasts.origin,
        forecasts.origin at time zone streams.timezone as origin_local,
        forecasts.published_at,
        forecasts.complete,
        plans.origin as plan_origin,
        plans.published_at as plan_published_at
    from history.current_streams as streams
    left join forecasts on streams.stream = forecasts.stream
    left join plans on streams.stream = plans.stream;

comment on view analyst.streams is 'Streams with their unit and clock, and the current forecast and plan of each.';

-- Attributes of series as they are known now.
create or replace view analyst.series as
    select
        stream,
        series_id,
        arg_max(attributes, (valid_from, known_at)) as attributes,
        min(valid_from) as first_ts
    from history.series
    group by stream, series_id;

comment on view analyst.series is 'Series with their newest attributes.';

-- Demand as it is known now.
create or replace view analyst.demand_latest as
    with newest as (
        select
            stream,
            series_id,
            ts,
            arg_max_null(y, available_at) as y,
            arg_max_null(weight, available_at) as weight,
            arg_max_null(censored, available_at) as censored,
            max(available_at) as available_at
        from history.demand
        group by stream, series_id, ts
    )

    select
        newest.*,
        newest.ts at time zone streams.timezone as ts_local,
        dayname(ts_local) as day_name,
        streams.unit
    from newest
    left join history.current_streams as streams on newest.stream = streams.stream;

comment on view analyst.demand_latest is 'Demand as it is known now: of each value the newest version.';

-- Errors by month, pooled from sums: each interval beside the newest forecast that there was for it.
create or replace view analyst.accuracy_monthly as
    with spans as (
        select
            stream,
            origin,
            run_id,
            lead(origin, 1, 'infinity'::timestamptz) over (partition by stream order by origin) as next_origin
        from forecast.current_publications(false, 'infinity'::timestamptz, 'infinity'::timestamptz, false)
        where not hindsight
    ),

    pairs as (
        select
            forecasts.stream,
            forecasts.series_id,
            date_trunc('month', demand.ts_local)::date as month,
            demand.y,
            demand.unit,
            forecasts.q05,
            forecasts.q10,
            forecasts.q50,
            forecasts.q90,
            forecasts.q95
        from forecast.forecasts as forecasts
        inner join spans
            on forecasts.stream = spans.stream
            and forecasts.origin = spans.origin
            and forecasts.run_id = spans.run_id
            and forecasts.ts < spans.next_origin
        inner join analyst.demand_latest as demand
            on forecasts.stream = demand.stream
            and forecasts.series_id = demand.series_id
            and forecasts.ts = demand.ts
        where demand.y is not null
    )

    select
        stream,
        coalesce(series_id, '*') as series_id,
        month,
        sum(abs(y - q50)) / nullif(sum(abs(y)), 0) as wape,
        sum(q50 - y) / nullif(sum(abs(y)), 0) as bias,
        avg((y between q10 and q90)::integer) as cover80,
        avg((y between q05 and q95)::integer) as cover90,
        sum(y) as demand,
        count(*) as intervals,
        any_value(unit) as unit
    from pairs
    group by grouping sets ((stream, month, series_id), (stream, month));

comment on view analyst.accuracy_monthly is 'Errors by local month of the newest forecast that there was for each interval, pooled from sums; series_id * is all series together.';
