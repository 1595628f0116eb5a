-- Seconds from one row of a series to its next, on the local clock, and how often they occur.
select epoch(step)::bigint as seconds, count(*) as steps
from (
    select local_read - lag(local_read) over (partition by series_read order by local_read) as step
    from (select distinct series_read, local_read from readings where local_read is not null)
)
where step > interval 0 seconds
group by seconds
order by steps desc, seconds
limit 1000
