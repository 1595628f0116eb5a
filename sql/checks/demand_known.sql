-- Values that were known before their interval began.
select count(*) as failed, min(series_id || ' at ' || ts::varchar || ' known at ' || available_at::varchar) as first
from history.demand
where stream = $stream and ts >= $since and available_at < ts
