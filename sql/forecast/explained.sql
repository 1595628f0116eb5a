-- Whether what a run published is explained.
select count(*) > 0 as explained
from forecast.explanations
where run_id = $run_id and stream = $stream and origin = $origin
