-- Sums and peaks of a published forecast that adjustments touch now.
with newest as (
    select level, group_key, stat, period, ts, arg_max(adjustment_ids, known_at) as adjustment_ids
    from planning.adjusted_aggregates
    where stream = $stream and origin = $origin and forecast_run_id = $run_id
    group by level, group_key, stat, period, ts
)

select level, group_key, stat, period, ts
from newest
where len(adjustment_ids) > 0
order by all
