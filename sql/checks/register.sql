-- Models on the register, of each stream the newest so many.
select model_id, stream, members, trained_until, parent_model_id, config_hash, uri, checksum
from forecast.models
qualify row_number() over (partition by stream order by trained_until desc, model_id desc) <= $most
order by stream, trained_until desc, model_id
