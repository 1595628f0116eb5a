insert into planning.adjusted
select $stream, $origin, $run_id, series_id, ts, $known_at, factor, adjustment_ids
from adjusted_rows
order by series_id, ts
