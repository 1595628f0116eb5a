-- For each stream the newest published origin up to an instant, and the published origin before that.
with asked as (
    select unnest($streams) as stream, unnest($until) as until
),

published as (
    select asked.stream, publications.origin, max(publications.published_at) as published_at
    from asked
    inner join forecast.valid_publications as publications
        on asked.stream = publications.stream and publications.origin <= asked.until
    where publications.kind not in ('plan', 'scenario')
    group by asked.stream, publications.origin
),

ordered as (
    select
        stream,
        origin,
        published_at,
        lead(origin) over (partition by stream order by origin desc) as previous,
        row_number() over (partition by stream order by origin desc) as place
    from published
)

select stream, origin, previous, published_at
from ordered
where place = 1
order by stream
