insert into forecast.publications (
    stream, origin, published_at, run_id, kind, replaces, content_hash, rows, complete, hindsight, scenario
)
values (
    $stream, $origin, $published_at, $run_id, $kind, $replaces, $content_hash, $rows, $complete, $hindsight, $scenario
)
