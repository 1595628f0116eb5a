-- One model by key.
select model_id, stream, members, trained_until, parent_model_id, config_hash, uri, checksum
from forecast.models
where model_id = $model_id
