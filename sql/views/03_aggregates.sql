-- Sums and peaks of current publications.
create or replace macro forecast.published_aggregates(published_by, origin_by, newest_only) as table
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
        publications.hindsight,
        aggregates.run_id,
        publications.published_at,
        publications.complete,
        aggregates.ts at time zone streams.timezone as ts_local,
        dayname(ts_local) as day_name,
        streams.unit
    from forecast.aggregates as aggregates
    inner join forecast.current_publications(false, published_by, origin_by, newest_only) as publications
        on aggregates.stream = publications.stream
        and aggregates.origin = publications.origin
        and aggregates.run_id = publications.run_id
    left join history.current_streams as streams on aggregates.stream = streams.stream;

-- Those of the newest publication of each stream's newest origin.
create or replace view analyst.aggregates_latest as
    select *
    from forecast.published_aggregates('infinity'::timestamptz, 'infinity'::timestamptz, true);

comment on view analyst.aggregates_latest is 'Current forecasts of sums, days, weeks, peaks and busy hours of groups and series: of each stream the newest origin, in its newest publication. Quantiles do not add; means of sums do.';

-- Aggregates as they were published by t: every origin in the newest of the publications that there were then.
create or replace macro analyst.aggregates_as_of(t) as table
    select *
    from forecast.published_aggregates(t, 'infinity'::timestamptz, false);

-- Aggregates from the newest origin up to t, whenever they were issued.
create or replace macro analyst.aggregates_from_origin(t) as table
    select *
    from forecast.published_aggregates('infinity'::timestamptz, t, true);

-- Sample paths of current publications: the one body of all that shows them.
create or replace macro forecast.published_paths(published_by, origin_by, newest_only) as table
    select
        paths.stream,
        paths.series_id,
        paths.ts,
        paths.origin,
        paths.y,
        publications.hindsight,
        paths.run_id,
        publications.published_at,
        publications.complete,
        paths.ts at time zone streams.timezone as ts_local,
        dayname(ts_local) as day_name,
        streams.unit
    from forecast.paths as paths
    inner join forecast.current_publications(false, published_by, origin_by, newest_only) as publications
        on paths.stream = publications.stream
        and paths.origin = publications.origin
        and paths.run_id = publications.run_id
    left join history.current_streams as streams on paths.stream = streams.stream;

create or replace view analyst.paths_latest as
    select *
    from forecast.published_paths('infinity'::timestamptz, 'infinity'::timestamptz, true);

comment on view analyst.paths_latest is 'Joint sample paths of the current forecasts, where the stream keeps them.';

create or replace macro analyst.paths_as_of(t) as table
    select *
    from forecast.published_paths(t, 'infinity'::timestamptz, false);

create or replace macro analyst.paths_from_origin(t) as table
    select *
    from forecast.published_paths('infinity'::timestamptz, t, true);
