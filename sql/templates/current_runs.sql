-- Runs whose rows are seen: of every origin its newest forecast, its newest plan and that of each scenario. What they replaced can no longer be
-- issued again.
current_runs as (
    select arg_max(run_id, published_at) as run_id
    from forecast.publications
    where stream = $stream
    group by origin, kind = 'plan', scenario
),
