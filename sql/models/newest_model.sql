-- The newest model of a stream and definition that was trained on nothing known after the origin.
select model_id, stream, members, trained_until, parent_model_id, config_hash, uri, checksum
from forecast.models
where stream = $stream and trained_until <= $origin and ($config_hash is null or config_hash = $config_hash)
order by trained_until desc, model_id desc
limit 1
