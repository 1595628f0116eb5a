-- Aggregates whose quantiles cross or are no numbers.
select
    count(*) as failed,
    min(
        run_id
        || ': ' || stat || ' of ' || level || ' ' || group_key
        || ' in the ' || period || ' of ' || ts::varchar
    ) as first
from forecast.aggregates
where
    stream = $stream
    and origin >= $since
    and not (
        q05 <= q10
        and q10 <= q25
        and q25 <= q50
        and q50 <= q75
        and q75 <= q90
        and q90 <= q95
        and isfinite(q05)
        and isfinite(q95)
        and isfinite(mean)
    )
