-- Starts of the intervals that the good rows are of.
select distinct ts
from good
order by ts
