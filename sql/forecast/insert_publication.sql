insert into forecast.publications
values ($stream, $origin, $published_at, $run_id, $kind, $replaces, $content_hash, $rows, $complete, $hindsight)
