-- Every version of demand that was known at t. Nothing else says what an origin may use of history.demand.
create or replace macro analyst.versions_as_of(t) as table
    select stream, series_id, ts, y, weight, censored, available_at, run_id
    from history.demand
    where ts < t and available_at <= t;
