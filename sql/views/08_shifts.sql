-- Rosters of current publications: the one body of all that shows them.
create or replace macro planning.published_rosters(published_by, origin_by, newest_only) as table
    select
        rosters.stream,
        rosters.pool_id,
        rosters.week,
        rosters.origin,
        rosters.confidence,
        rosters.heads,
        rosters.paid_hours,
        rosters.short_hours,
        rosters.over_hours,
        rosters.bound,
        rosters.gap,
        rosters.run_id,
        publications.published_at,
        publications.complete
    from planning.rosters as rosters
    inner join forecast.current_publications(true, published_by, origin_by, newest_only) as publications
        on rosters.stream = publications.stream
        and rosters.origin = publications.origin
        and rosters.run_id = publications.run_id
    left join history.current_streams as streams on rosters.stream = streams.stream;

create or replace view analyst.rosters_latest as
    select *
    from planning.published_rosters('infinity'::timestamptz, 'infinity'::timestamptz, true);

comment on view analyst.rosters_latest is 'What the shifts of the current plan cost and cover, one row a pool and week.';

create or replace macro analyst.rosters_as_of(t) as table
    select *
    from planning.published_rosters(t, 'infinity'::timestamptz, false);

create or replace macro analyst.rosters_from_origin(t) as table
    select *
    from planning.published_rosters('infinity'::timestamptz, t, true);

-- Shifts of current publications: the one body of all that shows them.
create or replace macro planning.published_shifts(published_by, origin_by, newest_only) as table
    select
        shifts.stream,
        shifts.pool_id,
        shifts.week,
        shifts.person,
        shifts.ts,
        shifts.origin,
        shifts.shift,
        shifts.until,
        shifts.breaks,
        shifts.run_id,
        publications.published_at,
        publications.complete,
        shifts.ts at time zone streams.timezone as ts_local,
        dayname(ts_local) as day_name,
        shifts.until at time zone streams.timezone as until_local
    from planning.shifts as shifts
    inner join forecast.current_publications(true, published_by, origin_by, newest_only) as publications
        on shifts.stream = publications.stream
        and shifts.origin = publications.origin
        and shifts.run_id = publications.run_id
    left join history.current_streams as streams on shifts.stream = streams.stream;

create or replace view analyst.shifts_latest as
    select *
    from planning.published_shifts('infinity'::timestamptz, 'infinity'::timestamptz, true);

comment on view analyst.shifts_latest is 'Shifts of the current plan, person by person.';

create or replace macro analyst.shifts_as_of(t) as table
    select *
    from planning.published_shifts(t, 'infinity'::timestamptz, false);

create or replace macro analyst.shifts_from_origin(t) as table
    select *
    from planning.published_shifts('infinity'::timestamptz, t, true);
