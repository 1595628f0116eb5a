-- Loads of the pools in every plan of an origin that was published from these forecasts by the same rules and program.
select
    staffing.run_id,
    staffing.pool_id,
    list(staffing.calls order by staffing.ts) as calls,
    list(staffing.handle order by staffing.ts) as handle
from planning.staffing as staffing
inner join (
    select run_id, max(published_at) as published_at
    from forecast.valid_publications
    where stream = $stream and origin = $origin and kind = 'plan'
    group by run_id
) as publications on staffing.run_id = publications.run_id
inner join forecast.runs as runs on staffing.run_id = runs.run_id
where
    staffing.stream = $stream
    and staffing.origin = $origin
    and staffing.confidence = $confidence
    and staffing.forecast_run_id = $forecast_run_id
    and staffing.handle_run_id = $handle_run_id
    and runs.config_hash = $config_hash
    and runs.code_version = $code_version
group by staffing.run_id, staffing.pool_id
order by max(publications.published_at) desc
