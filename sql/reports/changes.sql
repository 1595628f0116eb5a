-- Days whose forecast changed most since the origin before, and how much of that events and planners' adjustments explain;
-- adjustments as they stand on both.
with both_origins as (
    select
        series_id,
        (ts at time zone $zone)::date as day,
        origin,
        sum(mean) as mean,
        sum(mean - mean / coalesce(nullif(event_factor, 0), 1)) as by_events,
        min(model_id) as model_id,
        min(tier) as tier,
        count(*) as intervals
    from forecast.forecasts as forecasts
    inner join forecast.current_publications(false, 'infinity'::timestamptz, 'infinity'::timestamptz, false) as publications
        using (stream, origin, run_id)
    where stream = $stream and origin in ($origin, $previous) and ts >= $origin and ts < $until
    group by all
),

adjusted as (
    select
        series_id,
        (ts at time zone $zone)::date as day,
        origin,
        sum(mean - statistical_mean) as by_adjustments
    from analyst.forecast_final_as_of('infinity'::timestamptz)
    where stream = $stream and origin in ($origin, $previous) and ts >= $origin and ts < $until and factor <> 1
    group by all
),

final as (
    select
        both_origins.*,
        coalesce(adjusted.by_adjustments, 0) / if($averages, both_origins.intervals, 1) as adjustments,
        both_origins.mean / if($averages, both_origins.intervals, 1) + adjustments as final_mean
    from both_origins
    left join adjusted using (series_id, day, origin)
),

compared as (
    select
        now_.series_id as series,
        now_.day,
        before.final_mean as forecast_before,
        now_.final_mean as forecast_now,
        forecast_now - forecast_before as change,
        now_.by_events / if($averages, now_.intervals, 1) - before.by_events / if($averages, before.intervals, 1) as by_events,
        now_.adjustments - before.adjustments as by_adjustments,
        if(
            now_.model_id is distinct from before.model_id or now_.tier <> before.tier,
            'yes, see models list',
            'no'
        ) as model_changed
    from final as now_
    inner join final as before on now_.series_id = before.series_id and now_.day = before.day
    where now_.origin = $origin and before.origin = $previous and now_.intervals = before.intervals
)

select
    series,
    day,
    forecast_before,
    forecast_now,
    change,
    change / nullif(forecast_before, 0) as change_share,
    by_events,
    by_adjustments,
    change - by_events - by_adjustments as by_demand_and_model,
    model_changed
from compared
order by round(abs(change), 6) desc, series, day
limit $most
