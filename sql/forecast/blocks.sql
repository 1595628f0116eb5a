-- The blocks of series that a run has forecast.
select block, first_series, last_series, series, rows, content_hash, findings, series_ids, groups
from forecast.blocks
where run_id = $run_id and stream = $stream and origin = $origin
order by block
