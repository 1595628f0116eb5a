-- Levels that this batch accepts because they have lasted.
insert into history.acceptances
select $run_id, $stream, series_id, 'unit_scale', since, values, factor, $learned_at, 'lasted', $now
from shift
where settled
