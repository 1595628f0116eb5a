-- How many rows of paths of a block of series the lake holds now, and whether all their values are numbers.
select count(*) as rows, coalesce(bool_and(len(list_filter(y, lambda value: not isfinite(value))) = 0), true) as sound
from forecast.paths
where
    run_id = $run_id
    and stream = $stream
    and origin = $origin
    and series_id between $first_series and $last_series
    and ($series_ids is null or series_id in (select unnest($series_ids::varchar[])))
