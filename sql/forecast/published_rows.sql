-- The published forecast of a stream and origin, of all series, of some that follow each other or of some that are named, in its newest publication that is not hindsight.
select series_id, ts, horizon_step, mean, q05, q10, q25, q50, q75, q90, q95, tier, model_id, run_id, event_factor
from forecast.forecasts
where
    stream = $stream
    and origin = $origin
    and ($first_series is null or series_id between $first_series and $last_series)
    and ($names is null or list_contains($names, series_id))
    and run_id = (
        select arg_max(run_id, published_at)
        from forecast.valid_publications
        where
            stream = $stream
            and origin = $origin
            and kind in ('nightly', 'manual', 'backfill')
            and hindsight is not true
    )
order by series_id, ts
