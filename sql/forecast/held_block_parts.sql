-- How many parts of sums a block has in the lake now.
select count(*) as rows
from forecast.block_sums
where run_id = $run_id and stream = $stream and origin = $origin and block = $block
