-- Models, newest first.
select
    model_id,
    stream,
    trained_until,
    array_to_string(list_transform(map_entries(n_steps), lambda entry: entry.key || ' ' || entry.value), ', ') as steps,
    parent_model_id,
    seed,
    config_hash,
    uri
from forecast.models
where $stream is null or stream = $stream
order by trained_until desc, model_id
