insert into forecast.runs
values (
    $run_id, $kind, $stream, $origin, 'running', null, $snapshot_id, $config_hash, $code_version, $started_at, null, null, null
)
