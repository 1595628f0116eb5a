-- Mean over the seven quantiles of twice the pinball loss of y, of quantiles that are multiplied by a factor.
create or replace macro planning.quantile_loss(y, quantiles, factor) as
    list_avg(
        list_transform(
            list_zip(quantiles, [0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95]),
            lambda pair: 2 * greatest((y - factor * pair[1]) * pair[2], (factor * pair[1] - y) * (1 - pair[2]))
        )
    );

-- Errors of the newest forecast of every measured interval that planners touched, with and without their adjustments.
-- Hours are those of the work in the calls, by the mean handle time of the current plan of that interval.
create or replace view planning.adjusted_errors as
    with actual as (
        select stream, series_id, ts, arg_max_null(y, available_at) as y
        from history.demand
        group by stream, series_id, ts
    ),

    handle as (
        select stream, ts, sum(calls * handle) / nullif(sum(calls), 0) / 3600 as hours
        from planning.published_staffing('infinity'::timestamptz, 'infinity'::timestamptz, false)
        group by stream, ts
    ),

    finals as (
        select
            adjusted.stream,
            adjusted.series_id,
            adjusted.ts,
            adjusted.factor,
            adjusted.adjustment_ids,
            [q05, q10, q25, q50, q75, q90, q95] as quantiles,
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
    )

    select
        finals.stream,
        finals.series_id,
        finals.ts,
        finals.adjustment_ids,
        finals.y,
        finals.q50 as statistical,
        finals.q50 * finals.factor as final,
        planning.quantile_loss(finals.y, finals.quantiles, 1) as statistical_loss,
        planning.quantile_loss(finals.y, finals.quantiles, finals.factor) as final_loss,
        handle.hours
    from finals
    left join handle on finals.stream = handle.stream and finals.ts = handle.ts;

-- The same summed by days and by what adjustments have in common; an interval that several of a group touch counts once.
create or replace view planning.adjusted_days as
    with touched as (
        select *, unnest(adjustment_ids) as adjustment_id
        from planning.adjusted_errors
    ),

    changes as (
        select adjustment_id, sum(final) / nullif(sum(statistical), 0) - 1 as change
        from touched
        group by adjustment_id
    ),

    kinds as (
        select
            adjustments.adjustment_id,
            adjustments.timezone,
            unnest([
                {'grouping': 'adjustment', 'member': adjustments.adjustment_id},
                {'grouping': 'author', 'member': adjustments.author},
                {'grouping': 'reason', 'member': adjustments.reason},
                {'grouping': 'operation', 'member': adjustments.operation},
                {'grouping': 'direction', 'member': case when changes.change < 0 then 'down' else 'up' end},
                {
                    'grouping': 'size',
                    'member': case
                        when abs(changes.change) <= 0.1 then 'up to 10%'
                        when abs(changes.change) <= 0.25 then '10 to 25%'
                        else 'over 25%'
                    end
                }
            ], recursive := true)
        from analyst.adjustments as adjustments
        inner join changes on adjustments.adjustment_id = changes.adjustment_id
    ),

    once as (
        select distinct on (kinds.grouping, kinds.member, touched.stream, touched.series_id, touched.ts)
            kinds.grouping,
            kinds.member,
            kinds.timezone,
            touched.*
        from touched
        inner join kinds on touched.adjustment_id = kinds.adjustment_id
    )

    select
        stream,
        grouping,
        member,
        (ts at time zone timezone)::date as day,
        count(*) as intervals,
        sum(y) as y,
        sum(abs(y - statistical)) as statistical_error,
        sum(abs(y - final)) as final_error,
        sum(statistical_loss) as statistical_loss,
        sum(final_loss) as final_loss,
        sum(greatest(statistical - y, 0) * hours) as statistical_hours_over,
        sum(greatest(final - y, 0) * hours) as final_hours_over,
        sum(greatest(y - statistical, 0) * hours) as statistical_hours_under,
        sum(greatest(y - final, 0) * hours) as final_hours_under
    from once
    group by all;

-- Days are what is independent: the band is that of a mean of days.
create or replace view planning.pooled_adjustments as
    with pooled as (
        select
            stream,
            grouping,
            member,
            count(*) as days,
            sum(intervals)::bigint as intervals,
            sum(y) as y,
            sum(statistical_error) as statistical_error,
            sum(final_error) as final_error,
            sum(statistical_loss) as statistical_loss,
            sum(final_loss) as final_loss,
            sum(statistical_hours_over) as statistical_hours_over,
            sum(final_hours_over) as final_hours_over,
            sum(statistical_hours_under) as statistical_hours_under,
            sum(final_hours_under) as final_hours_under,
            sum(statistical_error - final_error) as saved,
            1.96 * stddev_samp(statistical_error - final_error) * sqrt(count(*)) as band
        from planning.adjusted_days
        group by stream, grouping, member
    )

    select
        stream,
        grouping,
        member,
        days,
        intervals,
        statistical_error / nullif(y, 0) as statistical_wape,
        final_error / nullif(y, 0) as final_wape,
        statistical_loss / nullif(y, 0) as statistical_wql,
        final_loss / nullif(y, 0) as final_wql,
        statistical_hours_over,
        final_hours_over,
        statistical_hours_under,
        final_hours_under,
        saved,
        saved - band as saved_low,
        saved + band as saved_high,
        case
            when saved - band > 0 then 'helped'
            when saved + band < 0 then 'did harm'
            else 'may be luck'
        end as verdict
    from pooled;

-- Where several adjustments touch an interval, each is shown with the error of all together.
create or replace view analyst.adjustment_value as
    select
        pooled.member as adjustment_id,
        pooled.stream,
        adjustments.author,
        adjustments.reason,
        adjustments.operation,
        adjustments.value,
        pooled.* exclude (stream, grouping, member)
    from planning.pooled_adjustments as pooled
    inner join analyst.adjustments as adjustments on pooled.member = adjustments.adjustment_id
    where pooled.grouping = 'adjustment';

comment on view analyst.adjustment_value is 'What each adjustment was worth once demand was measured: errors with and without it.';

create or replace view analyst.adjustment_value_by as
    select
        grouping,
        member,
        * exclude (grouping, member)
    from planning.pooled_adjustments
    where grouping <> 'adjustment';

comment on view analyst.adjustment_value_by is 'What adjustments were worth by who made them, why, by which operation, how large and in which direction.';
