-- Models, newest first.
select model_id, stream, members, trained_until, parent_model_id, n_steps, seed, config_hash, uri
from forecast.models
where $stream is null or stream = $stream
order by trained_until desc, model_id
