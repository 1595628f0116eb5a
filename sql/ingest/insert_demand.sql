-- The lake sorts them itself, by series and time.
insert into history.demand
select $stream, series_id, ts, y, weight, censored, available_at, $run_id, $now
from version
