-- The forecast rows of a block of series that the lake holds now.
select series_id, ts, horizon_step, mean, q05, q10, q25, q50, q75, q90, q95, tier
from forecast.forecasts
where
    run_id = $run_id
    and stream = $stream
    and origin = $origin
    and series_id between $first_series and $last_series
    and ($series_ids is null or series_id in (select unnest($series_ids::varchar[])))
