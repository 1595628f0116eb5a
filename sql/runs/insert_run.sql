insert into forecast.runs (
    run_id, kind, stream, origin, status, snapshot_id, config_hash, code_version, started_at, process
)
values ($run_id, $kind, $stream, $origin, 'running', $snapshot_id, $config_hash, $code_version, $started_at, $process)
