-- Plans of capacity made from forecasts of peaks that are not on record.
with lineage as (
    select distinct run_id, forecast_run_id
    from planning.capacity
    where stream = $stream and origin >= $since
)

select count(*) as failed, min(lineage.run_id || ' of ' || lineage.forecast_run_id) as first
from lineage
anti join forecast.runs as peaks on lineage.forecast_run_id = peaks.run_id
