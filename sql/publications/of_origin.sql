-- What is published of a stream and origin and stands, and what of it was withdrawn last.
select
    count(valid.run_id) filter (where valid.kind not in ('plan', 'scenario')) as forecasts,
    count(valid.run_id) filter (where valid.kind = 'plan') as plans,
    (select max(known_at) from forecast.withdrawals where stream = $stream and origin = $origin) as withdrawn_at,
    max(valid.published_at) as published_at
from forecast.valid_publications as valid
where valid.stream = $stream and valid.origin = $origin
