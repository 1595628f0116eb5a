-- Publications that are current, of plans or else of forecasts: of each origin up to `origin_by`, or of each stream's newest
-- one only, the newest publication that there was by `published_by`. Views and macros of what is published join it by stream,
-- origin and run, each of which the statistics of files know, so that a reader opens only the files that hold the answer.
create or replace macro forecast.current_publications(plans, published_by, origin_by, newest_only) as table
    select
        stream,
        max(origin) as origin,
        arg_max(run_id, (origin, published_at)) as run_id,
        arg_max(complete, (origin, published_at)) as complete,
        arg_max(coalesce(hindsight, false), (origin, published_at)) as hindsight,
        arg_max(published_at, (origin, published_at)) as published_at
    from forecast.publications
    where (kind = 'plan') = plans and published_at <= published_by and origin <= origin_by
    group by stream, if(newest_only, null, origin);
