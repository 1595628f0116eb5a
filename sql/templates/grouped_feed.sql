-- Demand of stream @name@: several rows of the feed make one interval of a series.
@assumed@-- Rows without a readable time belong to no window; every window returns them, so that the contract sees them.
with feed as (
    select
        @series@ as series_id,
        @ts@ as ts,
        @y@ as y@attributes@@time_text@
    from @rows@@kept@
)

select
    series_id,
    ts,
    @value@@named@
from feed
where ts is null or (@instant@ >= $since and @instant@ < $until)
group by series_id, ts@apart@
