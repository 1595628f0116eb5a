-- What each adjustment was worth, now that demand was measured: the error of the median with and without it, over the
-- intervals that it touched, in the newest forecast that there was for each. Days are what is independent: the band is that
-- of a mean of days. Where several adjustments touch an interval, each is shown with the error of all together.
create or replace view analyst.adjustment_value as
    with actual as (
        select stream, series_id, ts, arg_max_null(y, available_at) as y
        from history.demand
        group by stream, series_id, ts
    ),

    finals as (
        select
            adjusted.stream,
            adjusted.series_id,
            adjusted.ts,
            adjusted.factor,
            adjusted.adjustment_ids,
            forecasts.q50,
            actual.y
        from planning.adjusted_by('infinity'::timestamptz) as adjusted
        inner join forecast.published_forecasts('infinity'::timestamptz, 'infinity'::timestamptz, false) as forecasts
            on adjusted.forecast_run_id = forecasts.run_id
            and adjusted.stream = forecasts.stream
            and adjusted.origin = forecasts.origin
            and adjusted.series_id = forecasts.series_id
            and adjusted.ts = forecasts.ts
        inner join actual
            on adjusted.stream = actual.stream and adjusted.series_id = actual.series_id and adjusted.ts = actual.ts
        where len(adjusted.adjustment_ids) > 0 and actual.y is not null
        qualify row_number() over (
            partition by adjusted.stream, adjusted.series_id, adjusted.ts
            order by adjusted.origin desc
        ) = 1
    ),

    touched as (
        select
            unnest(adjustment_ids) as adjustment_id,
            stream,
            ts,
            y,
            abs(y - q50) as statistical_error,
            abs(y - q50 * factor) as final_error
        from finals
    ),

    by_day as (
        select
            touched.adjustment_id,
            (touched.ts at time zone adjustments.timezone)::date as day,
            count(*) as intervals,
            sum(touched.y) as y,
            sum(touched.statistical_error) as statistical_error,
            sum(touched.final_error) as final_error,
            sum(touched.statistical_error - touched.final_error) as saved
        from touched
        inner join analyst.adjustments as adjustments on touched.adjustment_id = adjustments.adjustment_id
        group by all
    ),

    pooled as (
        select
            adjustment_id,
            sum(intervals)::bigint as intervals,
            count(*) as days,
            sum(y) as y,
            sum(statistical_error) as statistical_error,
            sum(final_error) as final_error,
            sum(saved) as saved,
            1.96 * stddev_samp(saved) * sqrt(count(*)) as band
        from by_day
        group by adjustment_id
    )

    select
        pooled.adjustment_id,
        adjustments.stream,
        adjustments.author,
        adjustments.reason,
        adjustments.operation,
        adjustments.value,
        pooled.days,
        pooled.intervals,
        pooled.statistical_error / nullif(pooled.y, 0) as statistical_wape,
        pooled.final_error / nullif(pooled.y, 0) as final_wape,
        pooled.saved,
        pooled.saved - pooled.band as saved_low,
        pooled.saved + pooled.band as saved_high,
        case
            when pooled.saved - pooled.band > 0 then 'helped'
            when pooled.saved + pooled.band < 0 then 'did harm'
            else 'may be luck'
        end as verdict
    from pooled
    inner join analyst.adjustments as adjustments on pooled.adjustment_id = adjustments.adjustment_id;

comment on view analyst.adjustment_value is 'What each adjustment was worth once demand was measured: errors with and without it.';
