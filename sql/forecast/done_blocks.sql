-- Numbers of the blocks of series that a run has forecast.
select block
from forecast.blocks
where run_id = $run_id and stream = $stream and origin = $origin
