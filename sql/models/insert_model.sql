insert into forecast.models
values (
    $model_id,
    $stream,
    $members,
    $trained_until,
    $parent_model_id,
    $n_steps::json::map(varchar, bigint),
    $seed,
    $snapshot_id,
    $config_hash,
    $uri,
    $checksum,
    $run_id
)
