-- The batch of a feed whose ts is naive: local time in the stream's zone.
create or replace temp view timed as
select *, null::timestamptz as instant, ts::timestamp as local_ts
from batch
