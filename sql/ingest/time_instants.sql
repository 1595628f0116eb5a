-- The batch of a feed whose ts is an instant.
create or replace temp view timed as
select *, ts as instant, null::timestamp as local_ts
from batch
