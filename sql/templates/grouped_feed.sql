-- Demand of stream @name@: several rows of the feed make one interval of a series.
@assumed@-- Rows without a readable time belong to no window; every window returns them, so that the contract sees them.
with feed as (
    select
        @series@ as series_id,
        @ts@ as row_ts,
        @y@ as y@attributes@@time_text@
    from @rows@@kept@
),

-- @rule@
once as (
    select
        series_id,
        @bucket@ as ts,
        @row_value@ as y@once_named@
    from feed@once_grouped@
)

select
    series_id,
    ts,
    @value@@named@
from once
where ts is null or (@instant@ >= $since and @instant@ < $until)
group by series_id, ts@apart@
