-- Shifts of the current plan, what they cost and what they cover.
create or replace view analyst.rosters_latest as
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
        rosters.run_id
    from planning.rosters as rosters
    inner join analyst.plan_latest as latest
        on rosters.stream = latest.stream
        and rosters.origin = latest.origin
        and rosters.run_id = latest.run_id;

comment on view analyst.rosters_latest is 'What the shifts of the current plan cost and cover, one row a pool and week.';

create or replace view analyst.shifts_latest as
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
        shifts.run_id
    from planning.shifts as shifts
    inner join analyst.plan_latest as latest
        on shifts.stream = latest.stream
        and shifts.origin = latest.origin
        and shifts.run_id = latest.run_id;

comment on view analyst.shifts_latest is 'Shifts of the current plan, person by person.';
