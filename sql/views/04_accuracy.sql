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
        pit80,
        pit90,
        bias,
        bias_mean,
        noise_floor,
        wape - noise_floor as excess,
        rows,
        eval_id
    from evaluation.scores
    where kind = 'live'
    qualify row_number() over (
        partition by stream, series_id, origin, member, horizon_bucket
        order by scored_until desc, eval_id desc
    ) = 1;

comment on view analyst.accuracy is 'Scores of published forecasts, of each origin the newest scoring; series_id * is all series together.';

-- How forecasts would have done from past origins: of each origin and member the newest evaluation.
create or replace view analyst.backtests as
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
        pit80,
        pit90,
        bias,
        bias_mean,
        noise_floor,
        wape - noise_floor as excess,
        rows,
        eval_id
    from evaluation.scores
    where kind = 'backtest'
    qualify rank() over (partition by stream, origin, member order by scored_until desc, eval_id desc) = 1;

comment on view analyst.backtests is 'Scores of forecasts re-made from past origins by `forecasting evaluate`, of each origin and member the newest evaluation; series_id * is all series together.';
