-- Rows of a plan of capacity with numbers or dates that cannot be. A date beyond the horizon is later than any.
with
-- include templates/current_runs.sql
dated as (
    select
        *,
        coalesce(order_by + lead_days, 'infinity'::date) as in_service,
        [0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95] as levels,
        list_transform(
            [runout_q05, runout_q10, runout_q25, runout_q50, runout_q75, runout_q90, runout_q95],
            lambda day: coalesce(day, 'infinity'::date)
        ) as ends
    from planning.capacity
    where stream = $stream and origin >= $since and run_id in (from current_runs)
)

select
    count(*) as failed,
    min(run_id || ': ' || series_id || ', failure ' || failure) as first,
    list_sort(list(distinct origin)) as origins
from dated
where
    not (
        capacity > 0
        and ceiling >= 0
        and peak >= 0
        and suppressed >= 0
        and growth > -1
        and isfinite(capacity)
        and isfinite(ceiling)
        and isfinite(peak)
        and isfinite(suppressed)
        and isfinite(growth)
        and abs(headroom - (ceiling - peak)) <= 1e-6 * (ceiling + peak)
        and abs(utilisation * capacity - peak) <= 1e-6 * peak
        and runout_probability between 0 and 1.000001
        and confidence > 0
        and confidence < 1
        and ends = list_sort(ends)
        -- what is ordered in time is in service before the run-out dates of all higher probabilities
        and len(list_filter(levels, lambda level, i: level > 1 - confidence + 1e-6 and in_service > ends[i])) = 0
        -- the day of an origin is a local one
        and case
            when due then order_by is not null and order_by <= origin::date + 1
            else order_by is null or order_by >= origin::date
        end
        and (step is not null) = (rule = 'sufficient')
        and (step_capacity is not null) = (rule = 'sufficient')
        and (cost is not null) = (rule = 'sufficient')
    )
