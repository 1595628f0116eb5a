-- What a feed holds: used once, when its stream is added.
select
    min(@instant@) as first_ts,
    max(@instant@) as last_ts,
    count(distinct @series@) as series,
    count(*) as rows
from @reader@($feed)
