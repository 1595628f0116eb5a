-- The surges of a block of series that the lake holds now.
select series_id, starts_at, ends_at, days, factor, ongoing
from forecast.surges
where
    run_id = $run_id
    and stream = $stream
    and origin = $origin
    and series_id between $first_series and $last_series
    and ($series_ids is null or series_id in (select unnest($series_ids::varchar[])))
