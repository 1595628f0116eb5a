-- Plans of forecasts that are not on record; that of the calls is of the plan's own stream and origin.
with lineage as (
    select distinct run_id, stream, origin, forecast_run_id, handle_run_id
    from planning.staffing
    where stream = $stream and origin >= $since
)

select count(*) as failed, min(lineage.run_id || ' of ' || forecast_run_id || ' and ' || handle_run_id) as first
from lineage
left join forecast.runs as calls
    on lineage.forecast_run_id = calls.run_id
    and lineage.stream = calls.stream
    and lineage.origin = calls.origin
left join forecast.runs as handle on lineage.handle_run_id = handle.run_id
where calls.run_id is null or handle.run_id is null
