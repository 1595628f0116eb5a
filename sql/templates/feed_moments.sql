-- Distinct times of a sample as seconds since 1970, on the local clock and in UTC.
select distinct epoch(local_read)::bigint as local, epoch(@instant@)::bigint as utc
from readings
where local_read is not null
order by local, utc
limit 200000
