-- The lake sorts them as the table is sorted; to sort them here would do it twice.
insert into forecast.forecasts
select
    $run_id,
    $stream,
    series_id,
    ts,
    $origin,
    horizon_step,
    mean,
    q05,
    q10,
    q25,
    q50,
    q75,
    q90,
    q95,
    tier,
    $model_id,
    $hindsight,
    event_factor
from forecast_rows
