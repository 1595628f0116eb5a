-- Single events that the stream's own rules reject.
insert into rejected
select reason::varchar, raw::varchar, ts::timestamptz
from rejected_events
