-- Aggregates as they were published by t: every origin in the newest of the publications that there were then.
create or replace macro analyst.aggregates_as_of(t) as table
    with spoken as (
        select
            stream,
            origin,
            arg_max(run_id, published_at) as run_id,
            arg_max(coalesce(hindsight, false), published_at) as hindsight,
            max(published_at) as published_at
        from forecast.publications
        where kind in ('nightly', 'manual', 'backfill') and published_at <= t
        group by stream, origin
    )

    select
        aggregates.stream,
        aggregates.level,
        aggregates.group_key,
        aggregates.stat,
        aggregates.period,
        aggregates.ts,
        aggregates.origin,
        aggregates.mean,
        aggregates.q05,
        aggregates.q10,
        aggregates.q25,
        aggregates.q50,
        aggregates.q75,
        aggregates.q90,
        aggregates.q95,
        spoken.hindsight,
        aggregates.run_id,
        spoken.published_at
    from forecast.aggregates as aggregates
    inner join spoken
        on aggregates.stream = spoken.stream
        and aggregates.origin = spoken.origin
        and aggregates.run_id = spoken.run_id;
