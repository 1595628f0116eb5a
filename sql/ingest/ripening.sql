-- When a value of each interval is known, unless its feed says so: at the interval's end and the publication delay later.
-- Intervals of whole days that clocks make longer or shorter are in `uneven`.
create or replace temp table ripening as
select
    starts.ts,
    coalesce(uneven.ends_at, starts.ts + $interval) + $delay as known_at
from (select distinct ts from good) as starts
left join uneven on starts.ts = uneven.ts
