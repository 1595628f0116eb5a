-- Factors of adjustments on published forecasts, as known at an instant.
create or replace macro planning.adjusted_by(known_by) as table
    select
        forecast_run_id,
        stream,
        origin,
        series_id,
        ts,
        arg_max(factor, known_at) as factor,
        arg_max(adjustment_ids, known_at) as adjustment_ids
    from planning.adjusted
    where known_at <= known_by
    group by forecast_run_id, stream, origin, series_id, ts;

-- Forecasts with the adjustments of planners: the one body of all that shows final numbers.
create or replace macro planning.final_forecasts(published_by, origin_by, newest_only, known_by) as table
    select
        forecasts.stream,
        forecasts.series_id,
        forecasts.ts,
        forecasts.origin,
        forecasts.horizon_step,
        forecasts.mean * coalesce(adjusted.factor, 1) as mean,
        forecasts.q05 * coalesce(adjusted.factor, 1) as q05,
        forecasts.q10 * coalesce(adjusted.factor, 1) as q10,
        forecasts.q25 * coalesce(adjusted.factor, 1) as q25,
        forecasts.q50 * coalesce(adjusted.factor, 1) as q50,
        forecasts.q75 * coalesce(adjusted.factor, 1) as q75,
        forecasts.q90 * coalesce(adjusted.factor, 1) as q90,
        forecasts.q95 * coalesce(adjusted.factor, 1) as q95,
        forecasts.mean as statistical_mean,
        forecasts.q50 as statistical_q50,
        coalesce(adjusted.factor, 1) as factor,
        coalesce(adjusted.adjustment_ids, []::varchar[]) as adjustment_ids,
        forecasts.run_id,
        forecasts.published_at,
        forecasts.complete,
        forecasts.ts_local,
        forecasts.day_name,
        forecasts.unit
    from forecast.published_forecasts(published_by, origin_by, newest_only) as forecasts
    left join planning.adjusted_by(known_by) as adjusted
        on forecasts.run_id = adjusted.forecast_run_id
        and forecasts.stream = adjusted.stream
        and forecasts.origin = adjusted.origin
        and forecasts.series_id = adjusted.series_id
        and forecasts.ts = adjusted.ts;

create or replace view analyst.forecast_final as
    select *
    from planning.final_forecasts('infinity'::timestamptz, 'infinity'::timestamptz, true, 'infinity'::timestamptz);

comment on view analyst.forecast_final is 'Current forecasts with the adjustments of planners, beside the statistical numbers.';

-- What was published and said by t.
create or replace macro analyst.forecast_final_as_of(t) as table
    select *
    from planning.final_forecasts(t, 'infinity'::timestamptz, false, t);

-- What is published today of the newest origin up to t, with the adjustments that stand.
create or replace macro analyst.forecast_final_from_origin(t) as table
    select *
    from planning.final_forecasts('infinity'::timestamptz, t, true, 'infinity'::timestamptz);

create or replace view analyst.adjustments as
    select
        adjustments.adjustment_id,
        min(adjustments.known_at) as known_at,
        arg_max(adjustments.scenario, adjustments.known_at) as scenario,
        arg_max(adjustments.stream, adjustments.known_at) as stream,
        arg_max(adjustments.scope, adjustments.known_at) as scope,
        arg_max(adjustments.starts_at, adjustments.known_at) as starts_at,
        arg_max(adjustments.ends_at, adjustments.known_at) as ends_at,
        arg_max(adjustments.metric, adjustments.known_at) as metric,
        arg_max(adjustments.operation, adjustments.known_at) as operation,
        arg_max(adjustments.value, adjustments.known_at) as value,
        arg_max(adjustments.reason, adjustments.known_at) as reason,
        arg_max(adjustments.author, adjustments.known_at) as author,
        arg_max_null(adjustments.withdrawn_at, adjustments.known_at) as withdrawn_at,
        any_value(streams.timezone) as timezone,
        arg_max(adjustments.starts_at, adjustments.known_at) at time zone any_value(streams.timezone) as starts_local,
        arg_max(adjustments.ends_at, adjustments.known_at) at time zone any_value(streams.timezone) as ends_local
    from planning.adjustments as adjustments
    left join history.current_streams as streams on adjustments.stream = streams.stream
    group by adjustments.adjustment_id;

comment on view analyst.adjustments is 'What planners say of forecasts, one row an adjustment, as it stands.';
