-- Publications as they stood at an instant: without what was withdrawn by then. Who publishes an origin again after it was
-- withdrawn is seen again.
create or replace macro forecast.publications_by(published_by) as table
    select publications.*
    from forecast.publications as publications
    anti join (select * from forecast.withdrawals where known_at <= published_by) as withdrawn
        on publications.stream = withdrawn.stream
        and publications.origin = withdrawn.origin
        and publications.published_at <= withdrawn.known_at
    where publications.published_at <= published_by;

-- Publications that were not withdrawn.
create or replace view forecast.valid_publications as
    select * from forecast.publications_by('infinity'::timestamptz);

comment on view forecast.valid_publications is 'Publications that were not withdrawn.';

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
    from forecast.publications_by(published_by)
    where (kind = 'plan') = plans and scenario is null and origin <= origin_by
    group by stream, if(newest_only, null, origin);

-- Current plans of scenarios: of each stream and scenario those of its newest planned origin.
create or replace view planning.scenario_publications as
    select
        stream,
        scenario,
        max(origin) as origin,
        arg_max(run_id, (origin, published_at)) as run_id,
        arg_max(complete, (origin, published_at)) as complete,
        max(published_at) as published_at
    from forecast.valid_publications
    where scenario is not null
    group by stream, scenario;
