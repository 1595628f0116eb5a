-- Published origins that lie further back than $keep from the newest forecast of their stream, and the rows published for
-- them, plans included.
with published as (
    select stream, origin, sum(rows) as rows, bool_or(kind not in ('plan', 'scenario')) as forecast
    from forecast.publications
    group by stream, origin
),

kept as (
    select stream, max(origin) - $keep as since
    from published
    where forecast
    group by stream
)

select published.stream, kept.since, count(*) as origins, sum(published.rows)::bigint as rows
from published
inner join kept on published.stream = kept.stream and published.origin < kept.since
group by published.stream, kept.since
order by published.stream
