-- What the blocks of a run add to groups that lie in several of them.
select level, group_key, is_open, paths
from forecast.block_sums
where run_id = $run_id and stream = $stream and origin = $origin
order by block, level, group_key
