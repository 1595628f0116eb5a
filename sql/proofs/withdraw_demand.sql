-- Withdraw every value before an origin, just after it.
insert into history.demand
select distinct
    stream,
    series_id,
    ts,
    null::double as y,
    null::double as weight,
    null::boolean as censored,
    $after::timestamptz as available_at,
    'proof' as run_id,
    $after::timestamptz as loaded_at
from history.demand
where stream = $stream and ts < $origin
