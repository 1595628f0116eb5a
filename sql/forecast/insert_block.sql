insert into forecast.blocks
values (
    $run_id,
    $stream,
    $origin,
    $block,
    $first_series,
    $last_series,
    $series,
    $rows,
    $content_hash,
    $findings,
    $series_ids,
    $groups
)
