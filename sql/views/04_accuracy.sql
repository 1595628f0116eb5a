-- How published forecasts did: of each origin the newest scoring.
create or replace view analyst.accuracy as
    select
        stream,
        series_id,
        origin,
        member,
        horizon_bucket,
        scored_until,
        wape,
        mase,
        wql,
        cover80,
        cover90,
        bias,
        noise_floor,
        rows,
        eval_id
    from evaluation.scores
    where kind = 'live'
    qualify row_number() over (
        partition by stream, series_id, origin, member, horizon_bucket
        order by scored_until desc, eval_id desc
    ) = 1;

comment on view analyst.accuracy is 'Scores of published forecasts, of each origin the newest scoring; series_id * is all series together.';
