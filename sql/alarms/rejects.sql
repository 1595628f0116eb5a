-- Of each origin: the share of rejected rows in the pulls since the day before it.
with origins as (
    select unnest($origins)::timestamptz as origin
)

select origins.origin, sum(ingests.rejected) / nullif(sum(ingests.rows + ingests.rejected), 0) as share
from origins
inner join history.ingests as ingests
    on ingests.until <= origins.origin and ingests.until > origins.origin - interval 1 day
where ingests.stream = $stream
group by origins.origin
having share is not null
order by origins.origin
