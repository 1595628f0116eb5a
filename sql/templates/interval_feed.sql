-- Demand of stream @name@, one row an interval of a series.
@assumed@-- Rows without a readable time belong to no window; every window returns them, so that the contract sees them.
with feed as (
    select
        @series@ as series_id,
        @ts@ as ts,
        @y@ as y@attributes@@time_text@
    from @rows@@kept@
)

select @columns@
from feed
where ts is null or (@instant@ >= $since and @instant@ < $until)
