-- Imported rosters as known at an instant: of each pool and local day the newest import.
create or replace macro planning.rosters_by(known_by) as table
    select *
    from planning.imported_rosters
    where known_at <= known_by
    qualify known_at = max(known_at) over (partition by stream, pool_id, day);

-- People needed beside those of our own shifts and those of the imported rosters, a row an interval: the one body of all that
-- shows coverage. Whoever is at work for a part of an interval counts by that part. Weeks without shifts, and days that no
-- import covers, have NULL.
create or replace macro planning.published_coverage(published_by, origin_by, newest_only, known_by) as table
    with needed as (
        select stream, pool_id, ts, origin, confidence, agents, rostered, run_id, published_at
        from planning.published_staffing(published_by, origin_by, newest_only)
        union all
        select stream, group_key, ts, origin, confidence, agents, rostered, run_id, published_at
        from planning.published_groups(published_by, origin_by, newest_only)
    ),

    spans as (
        select
            needed.*,
            streams.timezone,
            needed.ts + to_minutes(streams.minutes::bigint) as until,
            (needed.ts at time zone streams.timezone)::date as day
        from needed
        inner join history.current_streams as streams on needed.stream = streams.stream
    ),

    imported as (
        select * from planning.rosters_by(known_by)
    ),

    covered_days as (
        select distinct stream, pool_id, day from imported
    ),

    shifts as (
        select stream, origin, run_id, pool_id, week, ts, until, from_json(breaks, '[["TIMESTAMPTZ"]]') as breaks
        from planning.published_shifts(published_by, origin_by, newest_only)
    ),

    own as (
        select stream, origin, run_id, pool_id, ts as starts_at, until as ends_at, 1.0 as people
        from shifts
        union all
        select stream, origin, run_id, pool_id, pause[1] as starts_at, pause[2] as ends_at, -1.0 as people
        from (select * exclude (breaks), unnest(breaks) as pause from shifts)
    ),

    planned as (
        select
            spans.stream,
            spans.origin,
            spans.pool_id,
            spans.ts,
            spans.confidence,
            sum(
                own.people
                * epoch(least(own.ends_at, spans.until) - greatest(own.starts_at, spans.ts))
                / epoch(spans.until - spans.ts)
            ) as people
        from spans
        inner join own
            on spans.stream = own.stream
            and spans.origin = own.origin
            and spans.run_id = own.run_id
            and spans.pool_id = own.pool_id
            and own.starts_at < spans.until
            and own.ends_at > spans.ts
        group by all
    ),

    real as (
        select
            spans.stream,
            spans.origin,
            spans.pool_id,
            spans.ts,
            spans.confidence,
            sum(
                imported.people
                * epoch(least(imported.ends_at, spans.until) - greatest(imported.starts_at, spans.ts))
                / epoch(spans.until - spans.ts)
            ) as people
        from spans
        inner join imported
            on spans.stream = imported.stream
            and spans.pool_id = imported.pool_id
            and imported.starts_at < spans.until
            and imported.ends_at > spans.ts
        group by all
    )

    select
        spans.stream,
        spans.pool_id,
        spans.ts,
        spans.confidence,
        spans.origin,
        spans.agents,
        spans.rostered,
        planned.people as planned_people,
        case when covered_days.day is not null or real.people is not null then coalesce(real.people, 0) end as real_people,
        planned_people - spans.rostered as planned_spare,
        real_people - spans.rostered as real_spare,
        spans.run_id,
        spans.published_at,
        spans.ts at time zone spans.timezone as ts_local,
        dayname(ts_local) as day_name
    from spans
    left join planned
        on spans.stream = planned.stream
        and spans.origin = planned.origin
        and spans.pool_id = planned.pool_id
        and spans.ts = planned.ts
        and spans.confidence = planned.confidence
    left join real
        on spans.stream = real.stream
        and spans.origin = real.origin
        and spans.pool_id = real.pool_id
        and spans.ts = real.ts
        and spans.confidence = real.confidence
    left join covered_days
        on spans.stream = covered_days.stream and spans.pool_id = covered_days.pool_id and spans.day = covered_days.day;

create or replace view analyst.coverage as
    select *
    from planning.published_coverage('infinity'::timestamptz, 'infinity'::timestamptz, true, 'infinity'::timestamptz);

comment on view analyst.coverage is 'People needed by the current plan beside those of its shifts and those of imported rosters.';

-- What was planned and imported by t.
create or replace macro analyst.coverage_as_of(t) as table
    select *
    from planning.published_coverage(t, 'infinity'::timestamptz, false, t);

-- The newest plan up to t of each stream, with the rosters that count now.
create or replace macro analyst.coverage_from_origin(t) as table
    select *
    from planning.published_coverage('infinity'::timestamptz, t, true, 'infinity'::timestamptz);
