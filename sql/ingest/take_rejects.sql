-- Single events that the stream's own rules reject; a series_id says whose they are.
insert into rejected
select reason::varchar, raw::varchar, ts::timestamptz, series_id::varchar
from (
    select *
    from rejected_events
    union all by name
    select null::varchar as series_id
    where false
)
