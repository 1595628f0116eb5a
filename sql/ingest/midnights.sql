-- Midnights of local dates that the batch's times show.
select distinct coalesce(local_ts, instant at time zone $zone) as midnight
from timed
where midnight = date_trunc('day', midnight) and midnight between timestamp '1900-01-02' and timestamp '2199-12-31'
