create table evaluation.scores (
    eval_id varchar not null,
    kind varchar not null,
    stream varchar not null,
    series_id varchar not null,
    origin timestamptz not null,
    member varchar not null,
    horizon_bucket varchar not null,
    scored_until timestamptz not null,
    wape double,
    mase double,
    wql double,
    cover80 double,
    cover90 double,
    bias double,
    noise_floor double,
    rows bigint not null
);

comment on table evaluation.scores is 'Scores of forecasts against what was measured later. Key: eval_id, stream, series_id, origin, member, horizon_bucket.';
comment on column evaluation.scores.eval_id is 'Run that scored.';
comment on column evaluation.scores.kind is 'live for published forecasts, backtest for evaluations.';
comment on column evaluation.scores.stream is 'Stream of the series.';
comment on column evaluation.scores.series_id is 'Series, or * for all series together.';
comment on column evaluation.scores.origin is 'Origin of the scored forecast, UTC.';
comment on column evaluation.scores.member is 'published, or the member that was scored beside it.';
comment on column evaluation.scores.horizon_bucket is 'Days ahead that the row covers, or all.';
comment on column evaluation.scores.scored_until is 'Demand known at this instant was used, UTC.';
comment on column evaluation.scores.wape is 'Sum of |y - q50| over the sum of |y|.';
comment on column evaluation.scores.mase is 'Mean of |y - q50| over the mean absolute seasonal difference before the origin.';
comment on column evaluation.scores.wql is 'Mean over the seven quantiles of twice the pinball loss over the sum of |y|.';
comment on column evaluation.scores.cover80 is 'Share of values inside [q10, q90].';
comment on column evaluation.scores.cover90 is 'Share of values inside [q05, q95].';
comment on column evaluation.scores.bias is 'Sum of (q50 - y) over the sum of |y|.';
comment on column evaluation.scores.noise_floor is 'WAPE that Poisson noise alone would leave with the true rate; NULL where the unit is no count.';
comment on column evaluation.scores.rows is 'Intervals that were scored.';
