-- Demand of stream @name@: rows that are intervals already, as the feed gives them.
-- Rows without a readable time belong to no window; every window returns them, so that the contract sees them.
select
    @series@ as series_id,
    @ts@ as ts,
    @y@ as y@attributes@
from @reader@($feed)
where (@instant@ >= $since and @instant@ < $until) or @instant@ is null
