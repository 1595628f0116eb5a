-- Rows of each local day that are still to be checked.
select date_trunc('day', ts at time zone $zone) at time zone $zone as day, count(*) as rows
from stamped
where reason is null
group by day
order by day
