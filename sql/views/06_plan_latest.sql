-- Which plan is current: the newest publication of each stream's newest planned origin. Other views of plans join it.
create or replace view analyst.plan_latest as
    select stream, origin, run_id, published_at, complete
    from forecast.current_publications(true, 'infinity'::timestamptz, 'infinity'::timestamptz, true);

comment on view analyst.plan_latest is 'The current plan of each stream: the newest planned origin, in its newest publication.';
