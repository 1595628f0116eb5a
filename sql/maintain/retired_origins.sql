-- Published origins that lie further back than $keep from the newest one of their stream, and the rows published for them.
with published as (
    select stream, origin, sum(rows) as rows
    from forecast.publications
    where kind in ('nightly', 'manual', 'backfill')
    group by stream, origin
),

kept as (
    select stream, max(origin) - $keep as since
    from published
    group by stream
)

select published.stream, kept.since, count(*) as origins, sum(published.rows)::bigint as rows
from published
inner join kept on published.stream = kept.stream and published.origin < kept.since
group by published.stream, kept.since
order by published.stream
