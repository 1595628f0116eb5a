-- What is current of each stream, when was it published, and is it complete?
select stream, origin_local, published_at at time zone timezone as published_local, complete, plan_origin is not null as planned
from analyst.streams
order by stream
