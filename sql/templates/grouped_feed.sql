-- Demand of stream @name@: several rows of the feed make one interval of a series.
@assumed@-- Rows without a readable time belong to no window; every window returns them, so that the contract sees them.
with feed as (
    select
        @series@ as series_id,
        @ts@ as ts,
        @y@ as y@attributes@
    from @rows@@kept@
),

intervals as (
    select
        series_id,
        @bucket@ as ts,
        @combined@ as y@grouped@
    from feed
    group by series_id, @bucket@
)

select *
from intervals
where ts is null or (@instant@ >= $since and @instant@ < $until)
