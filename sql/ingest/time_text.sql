-- The batch of a feed whose ts is text: an instant where it carries an offset, else local time.
create or replace temp view timed as
select
    *,
    case when regexp_matches(ts, $offset$:\d\d(\.\d+)?\s*(Z|[+-]\d\d(:?\d\d)?)$$offset$) then try_cast(ts as timestamptz) end as instant,
    case when not regexp_matches(ts, $offset$:\d\d(\.\d+)?\s*(Z|[+-]\d\d(:?\d\d)?)$$offset$) then try_cast(ts as timestamp) end as local_ts
from batch
