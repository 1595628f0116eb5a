-- The plan that speaks now: the newest publication of each stream's newest planned origin. Every other view of a plan joins
-- it by stream, origin and run, each of which the statistics of files know.
create or replace view analyst.plan_latest as
    select
        stream,
        max(origin) as origin,
        arg_max(run_id, (origin, published_at)) as run_id,
        arg_max(published_at, (origin, published_at)) as published_at,
        arg_max(complete, (origin, published_at)) as complete
    from forecast.publications
    where kind = 'plan'
    group by stream;

comment on view analyst.plan_latest is 'Which plan speaks now: of each stream the newest planned origin, in its newest publication.';
