insert into evaluation.scores
select
    $eval_id,
    $kind,
    $stream,
    series_id,
    $origin,
    member,
    horizon_bucket,
    $scored_until,
    wape,
    mase,
    wql,
    cover80,
    cover90,
    bias,
    noise_floor,
    rows
from score_rows
order by member, series_id, horizon_bucket
