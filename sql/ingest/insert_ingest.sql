insert into history.ingests
values ($run_id, $stream, $since, $until, $good, $versions, $withdrawn, $rejected)
