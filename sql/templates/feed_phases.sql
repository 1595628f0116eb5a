-- How far into an interval counted from 1970 in UTC the instants of a feed lie, in microseconds: used once, when its stream
-- is added, to find where its intervals begin.
select distinct epoch_us(@instant@) % epoch_us(timestamptz '1970-01-01 00:00:00+00' + $step) as phase
from @reader@($feed)
where @instant@ is not null
