-- Every version of demand that was known at t. This is the only place that states which rows of history.demand an origin may
-- use.
create or replace macro analyst.versions_as_of(t) as table
    select stream, series_id, ts, y, weight, censored, available_at, run_id
    from history.demand
    where ts < t and available_at <= t;

-- Demand as known at t: of each value the newest version that was available by then.
create or replace macro analyst.history_as_of(t) as table
    select
        stream,
        series_id,
        ts,
        arg_max_null(y, available_at) as y,
        arg_max_null(weight, available_at) as weight,
        arg_max_null(censored, available_at) as censored,
        max(available_at) as available_at
    from analyst.versions_as_of(t)
    group by stream, series_id, ts;
