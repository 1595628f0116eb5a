-- A sample of a feed as its extract would read it; local_read is on the clock of the stream's zone.
create or replace temp view readings as
select
    @series@ as series_read,
    @ts@ as ts_read,
    @local@ as local_read,
    @y@ as y_read,
    *
from @table@
where @kept@
