insert into evaluation.scores by name
select
    $eval_id as eval_id,
    $kind as kind,
    $stream as stream,
    series_id,
    origin,
    member,
    horizon_bucket,
    $scored_until as scored_until,
    wape,
    mase,
    wql,
    cover80,
    cover90,
    pit80,
    pit90,
    bias,
    bias_mean,
    noise_floor,
    rows
from score_rows
order by origin, member, series_id, horizon_bucket
