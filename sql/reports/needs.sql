-- What a person has to do or decide, the largest of each kind first. amount is in unit; detail belongs to the kind.
with asked as (
    select
        unnest($streams) as stream,
        unnest($origins) as origin,
        unnest($previous) as previous,
        unnest($zones) as zone,
        unnest($units) as unit
),

steps as (
    select
        runs.stream,
        runs.kind,
        arg_max(runs.status, (runs.started_at, runs.run_id)) as status,
        arg_max(coalesce(runs.message, ''), (runs.started_at, runs.run_id)) as message
    from asked
    inner join forecast.runs as runs
        on asked.stream = runs.stream
        and runs.origin <= asked.origin
        and runs.origin > coalesce(asked.previous, asked.origin - interval 1 day)
    where runs.status <> 'running'
    group by runs.stream, runs.kind
),

failed as (
    select 'failed' as need, stream, kind as place, null::date as by_day, null::double as amount, '' as unit, message as detail
    from steps
    where status in ('failed', 'killed')
),

incomplete as (
    select
        'incomplete' as need,
        asked.stream,
        asked.stream as place,
        null::date as by_day,
        null::double as amount,
        '' as unit,
        coalesce(runs.message, '') as detail
    from asked
    inner join forecast.current_publications(false, 'infinity'::timestamptz, 'infinity'::timestamptz, false) as publications
        on asked.stream = publications.stream and asked.origin = publications.origin
    left join forecast.runs as runs on publications.run_id = runs.run_id
    where not publications.complete
),

called as (
    select
        'alarm' as need,
        alarms.stream,
        alarms.alarm_id as place,
        null::date as by_day,
        null::double as amount,
        '' as unit,
        alarms.detail
    from asked
    inner join analyst.alarms as alarms on asked.stream = alarms.stream
    where alarms.needs_person and alarms.since <= asked.origin
),

orders as (
    select
        'order' as need,
        links.stream,
        links.series_id as place,
        least(links.order_by, links.n1_order_by) as by_day,
        links.expected_delay_loss as amount,
        coalesce(links.currency, 'cost units') as unit,
        coalesce('order ' || links.order_step, 'no step is enough') || ': peak ' || round(100 * links.utilisation)::integer
        || '% of capacity' || coalesce(', ' || round(100 * links.n1_utilisation)::integer || '% if a link fails', '')
            as detail
    from asked
    inner join analyst.capacity_watchlist_as_of('infinity'::timestamptz) as links
        on asked.stream = links.stream and asked.origin = links.origin
    where links.due or links.n1_due
),

short as (
    select
        'short' as need,
        rosters.stream,
        rosters.pool_id as place,
        rosters.week::date as by_day,
        rosters.short_hours as amount,
        'person-hours' as unit,
        rosters.heads || ' people planned' as detail
    from asked
    inner join analyst.rosters_as_of('infinity'::timestamptz) as rosters
        on asked.stream = rosters.stream and asked.origin = rosters.origin
    where rosters.short_hours >= 0.5
),

days as (
    select
        aggregates.stream,
        aggregates.origin,
        aggregates.group_key,
        aggregates.ts,
        aggregates.mean,
        aggregates.q10,
        aggregates.q90
    from analyst.aggregates_as_of('infinity'::timestamptz) as aggregates
    inner join asked on aggregates.stream = asked.stream and aggregates.origin in (asked.origin, asked.previous)
    where aggregates.level = 'series' and aggregates.period = 'day' and aggregates.stat in ('sum', 'mean')
),

changes as (
    select
        'change' as need,
        asked.stream,
        now_.group_key as place,
        (now_.ts at time zone asked.zone)::date as by_day,
        now_.mean - before.mean as amount,
        asked.unit,
        'from ' || format('{:,}', round(before.mean)::bigint) || ' to ' || format('{:,}', round(now_.mean)::bigint)
        || ', outside the earlier 80% range' as detail
    from asked
    inner join days as now_ on asked.stream = now_.stream and asked.origin = now_.origin
    inner join days as before
        on now_.stream = before.stream
        and now_.group_key = before.group_key
        and now_.ts = before.ts
        and before.origin = asked.previous
    where now_.mean not between before.q10 and before.q90
),

surges as (
    select
        'surge' as need,
        surges.stream,
        surges.series_id as place,
        (surges.starts_at at time zone asked.zone)::date as by_day,
        surges.factor as amount,
        'times the usual' as unit,
        surges.days || ' days, left out of the forecast until you decide' as detail
    from asked
    inner join analyst.surges_as_of('infinity'::timestamptz) as surges
        on asked.stream = surges.stream and asked.origin = surges.origin
    where surges.verdict = 'open'
),

known_events as (
    select
        event_id,
        arg_max(scope, known_at) as scope,
        arg_max(coalesce(name, event_id), known_at) as name,
        arg_max(starts_at, known_at) as starts_at,
        arg_max(ends_at, known_at) as ends_at,
        arg_max(withdrawn, known_at) as withdrawn
    from history.events
    group by event_id
),

conditions as (
    select *, unnest(map_entries(scope)) as condition
    from known_events
    where not withdrawn
),

attributes as (
    select distinct stream, unnest(map_entries(attributes)) as attribute
    from history.series
),

unmatched as (
    select
        'event' as need,
        asked.stream,
        conditions.name as place,
        (conditions.starts_at at time zone asked.zone)::date as by_day,
        null::double as amount,
        '' as unit,
        'no series has ' || conditions.condition.key || ' ' || conditions.condition.value as detail
    from asked
    inner join conditions on asked.stream = conditions.scope['stream'] and conditions.ends_at > asked.origin
    left join attributes
        on asked.stream = attributes.stream
        and conditions.condition.key = attributes.attribute.key
        and conditions.condition.value = attributes.attribute.value
    where conditions.condition.key not in ('stream', 'series_id') and attributes.stream is null
),

reasons as (
    select asked.stream, quarantine.reason, count(*) as n
    from asked
    inner join history.ingests as ingests on asked.stream = ingests.stream and ingests.until <= asked.origin
    inner join history.quarantine as quarantine
        on ingests.run_id = quarantine.run_id and asked.stream = quarantine.stream
    where quarantine.resolved_at is null
    group by all
),

rejected as (
    select
        'rejected' as need,
        stream,
        stream as place,
        null::date as by_day,
        sum(n)::double as amount,
        'rows' as unit,
        arg_max(reason, (n, reason)) as detail
    from reasons
    group by stream
),

everything as (
    select 0 as urgency, * from failed
    union all
    select 0 as urgency, * from incomplete
    union all
    select 0 as urgency, * from called
    union all
    select 1 as urgency, * from orders
    union all
    select 1 as urgency, * from short
    union all
    select 1 as urgency, * from changes
    union all
    select 1 as urgency, * from surges
    union all
    select 1 as urgency, * from unmatched
    union all
    select 2 as urgency, * from rejected
),

ranked as (
    select
        *,
        row_number() over (partition by need order by round(abs(amount), 6) desc nulls last, by_day, stream, place) + 2 * urgency as rank_,
        count(*) over (partition by need) as of_kind,
        count(*) over () as in_all
    from everything
),

chosen as (
    select *, row_number() over (order by urgency > 0, rank_, of_kind desc, need, stream, place) as place_
    from ranked
    qualify place_ <= $most
)

-- the largest of each kind are chosen; what is of one kind then stands together
select need, place, stream, by_day, amount, unit, detail, of_kind, in_all
from chosen
order by urgency > 0, min(place_) over (partition by urgency > 0, need), place_
