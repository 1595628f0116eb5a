-- Publications of one stream, origin and moment: which of them is current is undecided.
with twice as (
    select origin, published_at
    from forecast.publications
    where stream = $stream and origin >= $since
    group by origin, published_at, kind = 'plan', scenario
    having count(*) > 1
)

select count(*) as failed, min(origin::varchar || ' published at ' || published_at::varchar) as first
from twice
