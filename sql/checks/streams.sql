-- Every stream that the lake knows, with what is newest of it; a heavy check looks back from there.
with known as (
    select stream, max(until) as known_until, null::timestamptz as origin
    from history.ingests
    group by stream
    union all
    select stream, null as known_until, max(origin) as origin
    from forecast.publications
    where kind in ('nightly', 'manual', 'backfill')
    group by stream
)

select stream, max(known_until) as known_until, max(origin) as origin
from known
group by stream
order by stream
