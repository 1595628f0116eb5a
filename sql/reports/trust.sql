-- What was published for each stream, from when, and what a person should know before using it.
with asked as (
    select
        unnest($streams) as stream,
        unnest($origins) as origin,
        unnest($previous) as previous,
        unnest($zones) as zone,
        unnest($minutes) as minutes
),

published as (
    select asked.*, publications.published_at, publications.complete, publications.run_id, runs.status, runs.message
    from asked
    left join forecast.current_publications(false, 'infinity'::timestamptz, 'infinity'::timestamptz, false) as publications
        on asked.stream = publications.stream and asked.origin = publications.origin
    left join forecast.runs as runs on publications.run_id = runs.run_id
),

newest as (
    select published.stream, max(demand.ts) as ts
    from published
    inner join history.demand as demand
        on published.stream = demand.stream
        and demand.ts < published.origin
        and demand.ts >= published.origin - interval 60 days
        and demand.available_at <= published.origin
    where demand.y is not null
    group by published.stream
),

pulls as (
    select
        asked.stream,
        ingests.rejected,
        ingests.rejected / nullif(ingests.rows + ingests.rejected, 0) as share,
        row_number() over (partition by asked.stream order by ingests.until desc, ingests.run_id desc) as place
    from asked
    inner join history.ingests as ingests on asked.stream = ingests.stream and ingests.until <= asked.origin
),

rejects as (
    select
        stream,
        max(rejected) filter (where place = 1) as rejected,
        max(share) filter (where place = 1) as share,
        median(share) filter (where place between 2 and 29) as usual
    from pulls
    group by stream
),

steps as (
    select runs.stream, runs.kind, arg_max(runs.status, (runs.started_at, runs.run_id)) as status
    from asked
    inner join forecast.runs as runs
        on asked.stream = runs.stream
        and runs.origin <= asked.origin
        and runs.origin > coalesce(asked.previous, asked.origin - interval 1 day)
    where runs.status not in ('running')
    group by runs.stream, runs.kind
),

failures as (
    select stream, string_agg(kind, ', ' order by kind) as failed
    from steps
    where status in ('failed', 'killed')
    group by stream
),

series as (
    select
        forecasts.stream,
        count(distinct forecasts.series_id) as series,
        count(distinct forecasts.series_id) filter (where forecasts.tier in ('last_four', 'seasonal_naive', 'cold_start'))
            as fallbacks
    from published
    inner join forecast.forecasts as forecasts
        on published.stream = forecasts.stream
        and published.origin = forecasts.origin
        and published.run_id = forecasts.run_id
    where forecasts.horizon_step <= 1000
    group by forecasts.stream
),

champions as (
    select decisions.stream, arg_max(decisions.champion, decisions.decided_at) as champion
    from asked
    inner join forecast.decisions as decisions
        on asked.stream = decisions.stream
        and decisions.decided_at_origin <= asked.origin
        and decisions.decided_at_origin > coalesce(asked.previous, asked.origin - interval 1 day)
    where decisions.verdict <> 'kept'
    group by decisions.stream
)

select
    published.stream,
    case
        when published.run_id is null then 'nothing published'
        when published.complete then 'complete'
        else coalesce(nullif(published.status, 'published'), 'incomplete')
    end as status,
    published.origin at time zone published.zone as origin,
    published.published_at at time zone published.zone as published,
    (newest.ts + to_minutes(published.minutes)) at time zone published.zone as measured_until,
    date_diff('minute', newest.ts + to_minutes(published.minutes), published.origin) / 60 as feed_age,
    coalesce(series.series, 0) as series,
    coalesce(series.fallbacks, 0) as fallbacks,
    rejects.rejected,
    rejects.share as rejected_share,
    rejects.usual as usual_share,
    failures.failed as failed_steps,
    champions.champion as new_champion
from published
left join newest on published.stream = newest.stream
left join rejects on published.stream = rejects.stream
left join failures on published.stream = failures.stream
left join series on published.stream = series.stream
left join champions on published.stream = champions.stream
order by published.stream
