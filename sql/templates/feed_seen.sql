-- Intervals in which any series of a feed has a value: used once, when its stream is added, to find opening hours.
select distinct time_bucket($step, @instant@, $anchor) as ts
from @reader@($feed)
where @instant@ is not null and isfinite(try_cast(@y@ as double))
order by ts
