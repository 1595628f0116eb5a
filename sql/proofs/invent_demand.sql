-- Values of the intervals after an origin which claim that they were known at the origin.
insert into history.demand
select distinct
    stream,
    series_id,
    ts + $horizon as ts,
    1000003.0 as y,
    null::double as weight,
    null::boolean as censored,
    $origin::timestamptz as available_at,
    'proof' as run_id,
    $origin::timestamptz as loaded_at
from history.demand
where stream = $stream and ts < $origin and ts >= $origin - $horizon
